import { describe, expect, it } from 'vitest';

describe('the runtime', () => {
  it("is Lambda's: Node 24, which npm ci brings as a package", () => {
    expect(process.version).toMatch(/^v24\./);
  });
});
