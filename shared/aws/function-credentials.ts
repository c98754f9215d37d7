// The credentials of a function: its runtime puts those of its role into the environment, and nowhere else.
// The bundle puts this in the place of `@aws-sdk/credential-provider-node`, a fifth of its size, which also knows
// files, single sign-on and the metadata of servers.

export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
