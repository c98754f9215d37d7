// The stack of the config, for serverless.yml: the framework reads .cjs, and Node the rest.
const { resolve } = require('node:path');

// Thrown on, an error would be printed once for each variable of serverless.yml, with its stack.
function refuse(reasons) {
  process.stderr.write(
    `The config cannot be read, and nothing was done:\n  ${reasons.join('\n  ')}\n`,
  );
  process.exit(1);
}

if (!process.features.typescript) {
  refuse([`Node ${process.versions.node} loads no TypeScript: run it as \`npx serverless\``]);
}
try {
  const { readStack } = require('./package-stack.ts');
  const stack = readStack(resolve(__dirname, '../..'), process.env);
  for (const warning of stack.warnings) process.stderr.write(`warning: ${warning}\n`);
  module.exports = stack;
} catch (error) {
  if (error.name !== 'ConfigError') throw error;
  refuse(error.issues);
}
