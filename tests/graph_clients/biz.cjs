// facebook-nodejs-business-sdk 24.0.1 against a practice network. usage: node biz.cjs ORIGIN COUNTS_FILE
const { FacebookAdsApi, Page, User } = require('facebook-nodejs-business-sdk');
const { APP, REDIRECT, SECRET, assert, check, close, code, origin, state, trouble } = require('./checks.cjs');

// Both are getters without a setter.
Object.defineProperty(FacebookAdsApi, 'GRAPH', { get: () => origin });
Object.defineProperty(FacebookAdsApi, 'VERSION', { get: () => 'v25.0' });

const BAKERY = '500100';
const apiOf = (token) => new FacebookAdsApi(token, 'en_US', false);
const exchange = (api, params) =>
  api.call('GET', ['oauth', 'access_token'], { client_id: APP, client_secret: SECRET, ...params });

/** The error a call is refused with. */
async function refused(what) {
  try {
    await what();
  } catch (error) {
    const body = error.response?.error ?? error.response;
    assert.ok(body?.code, `no code in ${JSON.stringify(error.response)}`);
    return { status: error.status, code: body.code, subcode: body.error_subcode };
  }
  throw new Error('it was not refused');
}

(async () => {
  let userToken = 'none';
  let pageToken = 'none';
  await check('sign-in, code and exchange', async () => {
    const api = apiOf(`${APP}|${SECRET}`);
    const short = await exchange(api, { redirect_uri: REDIRECT, code: await code() });
    assert.ok(short.expires_in >= 5400 && short.expires_in <= 7200);
    const long = await exchange(api, { grant_type: 'fb_exchange_token', fb_exchange_token: short.access_token });
    assert.equal(long.expires_in, 5183944);
    userToken = long.access_token;
  });
  const user = apiOf(userToken);
  const me = () => new User('me', {}, undefined, user);

  await check('me', async () => {
    const { _data } = await me().get(['id', 'name']);
    assert.deepEqual([_data.id, _data.name], ['10001', 'Ada Practice']);
  });
  await check('the Pages', async () => {
    const pages = await me().getAccounts(['id', 'name', 'access_token']);
    assert.deepEqual(pages.map((page) => page._data.name), ['Harbour Bakery', 'Night Trains']);
    pageToken = pages[0]._data.access_token;
  });
  await check('the Pages one by one', async () => {
    // The client's list is replaced by the next one when it moves on.
    const pages = await me().getAccounts(['id'], { limit: 1 });
    const seen = [pages[0].id];
    assert.ok(pages.hasNext());
    await pages.next();
    seen.push(pages[0].id);
    assert.deepEqual(seen, [BAKERY, '500200']);
  });
  const bakery = new Page(BAKERY, {}, undefined, apiOf(pageToken));

  await check('an unpublished post as JSON', async () => {
    const made = await bakery.createFeed([], { message: 'Hällo & co', published: false });
    const post = (await state()).posts.find(({ id }) => id === made.id);
    assert.deepEqual([post.message, post.published], ['Hällo & co', false]);
  });
  await check('a published post can be read back', async () => {
    const made = await bakery.createFeed([], { message: 'from Node', link: 'https://example.test/' });
    const rows = await bakery.getFeed(['message']);
    assert.equal(rows.find((row) => row._data.id === made.id)._data.message, 'from Node');
  });
  await check('a photo by address', async () => {
    const made = await bakery.createPhoto([], { url: 'http://127.0.0.1/x.png', caption: 'c' });
    const post = (await state()).posts.find(({ photos }) => photos.includes(made.id));
    assert.equal(post.message, 'c');
  });
  await check('getAppID asks debug_token', async () => {
    // It answers the HTTP client's whole response.
    assert.equal((await user.getAppID()).data.data.app_id, APP);
  });
  await check('a rate limit is told', async () => {
    await trouble({ trouble: 'rate_limit', calls: 1 });
    assert.equal((await refused(() => bakery.get(['id']))).code, 4);
  });
  await check('the user token can\'t post', async () => {
    const page = new Page(BAKERY, {}, undefined, user);
    assert.equal((await refused(() => page.createFeed([], { message: 'x' }))).code, 200);
  });
  await check('an unknown token is refused', async () => {
    const error = await refused(() => new User('me', {}, undefined, apiOf('dead')).get(['id']));
    assert.deepEqual(error, { status: 400, code: 190, subcode: undefined });
  });
  await check('the permissions are given back', async () => {
    assert.deepEqual(await user.call('DELETE', ['me', 'permissions']), { success: true });
  });
  await check('then the user token is dead', async () => {
    assert.deepEqual(await refused(() => me().get(['id'])), { status: 400, code: 190, subcode: 458 });
  });
  await check('and so is the Page token', async () => {
    assert.deepEqual(await refused(() => bakery.get(['id'])), { status: 400, code: 190, subcode: 458 });
  });
  close();
})();
