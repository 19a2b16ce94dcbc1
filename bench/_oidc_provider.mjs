// The peer in memory: node-oidc-provider with one client that may do all that is measured, and any account.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

// The package lies where the benchmark put it, not beside this file.
const require = createRequire(process.argv[3] + '/');
const { default: Provider } = await import('file://' + require.resolve('oidc-provider'));

const port = Number(process.argv[2]);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'bench',
    client_secret: process.env.BENCH_SECRET,
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    redirect_uris: ['http://127.0.0.1:9/callback'],
    response_types: ['code'],
  }],
  features: { clientCredentials: { enabled: true }, introspection: { enabled: true }, devInteractions: { enabled: true } },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  issueRefreshToken: () => true,
  rotateRefreshToken: () => true,
  pkce: { required: () => true },
  cookies: { keys: ['bench'] },
  ttl: { AccessToken: 300, ClientCredentials: 300, RefreshToken: 86400 },
});
createServer(provider.callback()).listen(port, '127.0.0.1');
