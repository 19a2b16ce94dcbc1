// A relying party on openid-client that holds a key (DPoP), lets a device in, and calls another subsystem on behalf of who signed in.
// One JSON object a line, out and in: it says where to go, is told where the browser came back, and says what happened.
import { createInterface } from 'node:readline/promises';
import * as client from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT, AUDIENCE } = process.env;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const hear = async () => JSON.parse((await lines.next()).value);
const refusal = async (promise) => {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    return error.error ?? error.code;
  }
};

const config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
const stolen = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));

// The code is bound to the key before it exists (RFC 9449 section 10), and so is all that comes of it.
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const asked = {
  redirect_uri: REDIRECT,
  scope: 'openid profile',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  dpop_jkt: await DPoP.calculateThumbprint(),
  state,
};
say({ open: client.buildAuthorizationUrl(config, asked).href });
const { at } = await hear();
const checks = { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true };
const tokens = await client.authorizationCodeGrant(config, new URL(at), checks, undefined, { DPoP });
const { sub } = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP });
const withoutKey = await refusal(client.fetchUserInfo(config, tokens.access_token, sub));
const withAnotherKey = await refusal(client.fetchUserInfo(config, tokens.access_token, sub, { DPoP: stolen }));
const introspected = await client.tokenIntrospection(config, tokens.access_token);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
const afterwards = await client.fetchUserInfo(config, refreshed.access_token, sub, { DPoP });

// RFC 8628: this end shows a code and asks until somebody has decided elsewhere.
const device = await client.initiateDeviceAuthorization(config, { scope: 'openid profile' });
const polling = client.pollDeviceAuthorizationGrant(config, device, undefined, { DPoP });
say({ device: device.verification_uri_complete, code: device.user_code });
await hear();
const letIn = await polling;
const turnedAway = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
const refused = refusal(client.pollDeviceAuthorizationGrant(config, turnedAway, undefined, { DPoP }));
say({ device: turnedAway.verification_uri_complete, code: turnedAway.user_code, deny: true });
await hear();

// RFC 8693: another subsystem is called for who signed in; its token is bound to the same key.
const exchange = (audience) =>
  client.genericGrantRequest(
    config,
    'urn:ietf:params:oauth:grant-type:token-exchange',
    {
      subject_token: refreshed.access_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience,
    },
    { DPoP },
  );
const exchanged = await exchange(AUDIENCE);
const elsewhere = await refusal(exchange('nowhere'));

say({
  sub,
  userinfo,
  type: tokens.token_type,
  bound: introspected.cnf?.jkt === (await DPoP.calculateThumbprint()),
  withoutKey,
  withAnotherKey,
  afterwards: afterwards.sub,
  device: letIn.claims().sub,
  turnedAway: await refused,
  exchanged: { type: exchanged.token_type, issued: exchanged.issued_token_type, refresh: exchanged.refresh_token ?? null, token: exchanged.access_token },
  elsewhere,
});
process.stdin.destroy();
