// The janitor's function: once a day it tags what lifecycle may hide. Deployed only with `keepLastGood`.
import { connectJanitor } from '../shared/aws/connect-janitor.ts';
import { tagSuperseded } from '../shared/check/tag-superseded.ts';
import { readEnv } from '../shared/lambda/env.ts';
import { wrap } from '../shared/lambda/wrap.ts';

export const handler = wrap('janitor', async () => {
  const now = Date.now();
  const { roster, endpoint } = readEnv();
  return tagSuperseded(connectJanitor({ region: roster.region, endpoint }), roster, now);
});
