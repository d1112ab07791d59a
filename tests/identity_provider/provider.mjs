// A real identity provider for the tests: it signs in whomever `login_hint` names, and demands PKCE.
// `login_hint` is a name and app roles, as `margaret:pilot_lead:admin`. The first line that it writes is
// its issuer; it ends when its standard input does.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const [callback] = process.argv.slice(2);
const secret = 'of/the:tests+alone %&';
let answer;

function keyCalled(kid) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

function configuration(key) {
  return {
    jwks: { keys: [key] },
    clients: [
      { client_id: 'pilotlight', client_secret: secret, redirect_uris: [callback] },
      ...['integrator', 'integrator:admin', 'nobody'].map((client_id) => ({
        client_id,
        client_secret: secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      })),
    ],
    cookies: { keys: [secret] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'roles', 'preferred_username'], profile: [] },
    findAccount: (_, accountId) => {
      const [name, ...roles] = accountId.split(':');
      const claims = { sub: name, preferred_username: `${name}@council.test`, roles };
      return { accountId, claims: () => claims };
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, audience) => ({
          scope: '',
          audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: (ctx) => ({ roles: ctx.oidc.client.clientId.split(':') }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({
        clientId: client.clientId,
        accountId: session.accountId,
      });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
  };
}

function start(issuer, kid) {
  const provider = new Provider(issuer, configuration(keyCalled(kid)));
  const handle = provider.callback();
  answer = async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return handle(request, response);
    const { params } = await provider.interactionDetails(request, response);
    const login = { accountId: params.login_hint };
    const result = params.login_hint ? { login } : { error: 'access_denied' };
    return provider.interactionFinished(request, response, result);
  };
}

const server = createServer((request, response) => {
  if (request.url.startsWith('/rotate/')) {
    start(`http://127.0.0.1:${server.address().port}`, request.url.slice('/rotate/'.length));
    response.end('{}');
    return;
  }
  Promise.resolve(answer(request, response)).catch((error) => {
    console.error(error);
    response.destroy();
  });
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  start(issuer, 'first');
  console.log(issuer);
});
process.stdin.resume().on('end', () => process.exit(0));
