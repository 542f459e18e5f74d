// The certified oidc-provider with the accounts and clients that a test gives it.
// node provider.mjs PORT ACCOUNTS CLIENTS: JSON, claims by sign-in name, and clients as registered.
import Provider from "oidc-provider";

const [port, accounts, clients] = [Number(process.argv[2]), ...process.argv.slice(3).map((text) => JSON.parse(text))];

const provider = new Provider(`http://localhost:${port}`, {
  clients,
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "email", "profile", "groups"],
  // Whoever is not named has an address that nobody has confirmed.
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, email_verified: false, ...accounts[id] }) }),
  cookies: { keys: ["for this test alone"] },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
