// The stack of the roll, for serverless.yml: the framework reads .cjs, and Node the rest.
const { resolve } = require('node:path');
const { readStack } = require('./read-stack.ts');

try {
  module.exports = readStack(resolve(__dirname, '../..'), process.env);
} catch (error) {
  if (error.name !== 'ConfigError') throw error;
  // Thrown on, the framework would print it once for each of its variables, with stack traces.
  process.stderr.write(
    `The roll is wrong, and nothing was done:\n  ${error.issues.join('\n  ')}\n`,
  );
  process.exit(1);
}
