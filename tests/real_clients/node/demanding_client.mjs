// A relying party on openid-client that keeps a key instead of a secret (private_key_jwt) and demands things of a sign-in.
// One JSON object a line, out and in: it shows its public key, is told what to demand, and says for each demand where to go; it is told
// where the browser came back (and with what form), and says in the end what each of them gave.
import { createInterface } from 'node:readline/promises';
import * as client from 'openid-client';

const { ISSUER, CLIENT_ID, REDIRECT } = process.env;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const hear = async () => JSON.parse((await lines.next()).value);

const kid = 'of-this-run';
const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
say({ jwk: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' } });
const { demands } = await hear();
const proof = client.PrivateKeyJwt({ key: privateKey, kid });
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, proof);

async function signIn(name, parameters) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: 'openid profile',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...parameters,
  });
  say({ open: url.href, name });
  const { at, form } = await hear();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = form === undefined ? new URL(at) : new Request(at, { method: 'POST', headers, body: form });
  const maxAge = parameters.max_age === undefined ? undefined : Number(parameters.max_age);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true, maxAge };
  try {
    return await client.authorizationCodeGrant(config, answer, checks);
  } catch (error) {
    return { refused: error.error ?? error.code ?? String(error) };
  }
}

const got = {};
let tokens;
for (const [name, parameters] of Object.entries(demands)) {
  const answer = await signIn(name, parameters);
  got[name] = answer.refused ? { refused: answer.refused } : answer.claims();
  if (!answer.refused) tokens = answer;
}
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
const introspected = await client.tokenIntrospection(config, refreshed.access_token);
await client.tokenRevocation(config, refreshed.access_token);
const afterwards = await client.tokenIntrospection(config, refreshed.access_token);

// The same client with a key that nobody registered.
const other = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const stranger = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, client.PrivateKeyJwt({ key: other.privateKey, kid }));
let withAnotherKey;
try {
  await client.refreshTokenGrant(stranger, refreshed.refresh_token);
  withAnotherKey = 'accepted';
} catch (error) {
  withAnotherKey = error.error ?? `${error.code} ${error.status}`;
}
say({ got, introspected: introspected.active, afterwards: afterwards.active, withAnotherKey });
process.stdin.destroy();
