// Before each test file: a busy machine may take its time to draw.
import { configure } from '@testing-library/svelte';

configure({ asyncUtilTimeout: 10_000 });
