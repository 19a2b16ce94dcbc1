// A relying party on openid-client: goes through the code flow with the browser that the test drives, then uses all that it got.
// One JSON object a line, out and in: it says where to go, is told where the browser came back, and says what happened.
import { createInterface } from 'node:readline/promises';
import * as client from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT } = process.env;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const hear = async () => JSON.parse((await lines.next()).value);

const config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET);

async function codeFlow(parameters = {}, pushed = false) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const asked = {
    redirect_uri: REDIRECT,
    scope: 'openid profile',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...parameters,
  };
  const url = pushed ? await client.buildAuthorizationUrlWithPAR(config, asked) : client.buildAuthorizationUrl(config, asked);
  say({ open: url.href });
  const { at } = await hear();
  return client.authorizationCodeGrant(config, new URL(at), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
}

async function refusal(token) {
  try {
    await client.refreshTokenGrant(config, token);
    return null;
  } catch (error) {
    return error.error;
  }
}

const tokens = await codeFlow();
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
// A reply may be lost: for a few seconds the same token gives another successor.
const graced = await refusal(tokens.refresh_token);
const introspected = await client.tokenIntrospection(config, refreshed.access_token);
await client.tokenRevocation(config, refreshed.access_token);
const afterwards = await client.tokenIntrospection(config, refreshed.access_token);
const own = await client.clientCredentialsGrant(config, {});
const pushed = await codeFlow({}, true);
// Somebody goes on with the successor: the token before it must be in the hands of two, and all that grew out of it ends.
const successor = await client.refreshTokenGrant(config, refreshed.refresh_token);
const replay = await refusal(tokens.refresh_token);
const ended = await refusal(successor.refresh_token);
say({
  claims,
  userinfo,
  refreshed: refreshed.refresh_token !== tokens.refresh_token,
  introspected,
  afterwards,
  own: { type: own.token_type, expires: own.expires_in },
  pushed: pushed.claims().sub === claims.sub,
  graced,
  replay,
  ended,
  logout: client.buildEndSessionUrl(config, { id_token_hint: pushed.id_token, post_logout_redirect_uri: `${REDIRECT}/bye` }).href,
});
process.stdin.destroy();
