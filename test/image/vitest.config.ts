// The image suite: the Dockerfile is built, and what it makes runs as compose.yml says.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/image/**/*.img.ts'],
    reporters: ['verbose'],
    hookTimeout: 900_000,
    testTimeout: 180_000,
  },
});
