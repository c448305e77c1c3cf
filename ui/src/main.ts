import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { desktop } from './lib/backend';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element with the id "app"');

export default mount(App, { target, props: { backend: desktop } });
