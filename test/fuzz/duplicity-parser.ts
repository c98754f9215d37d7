// duplicity's own parser of names as a child process: one JSON array in, one out.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

const PYTHON = '/usr/bin/python3';
const PROGRAM = `
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("record_names", sys.argv[1])
recorder = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recorder)
for line in sys.stdin:
    print(json.dumps([recorder.reads(name, 1795405502, "UTC") for name in json.loads(line)]), flush=True)
`;
const recorder = new URL('../support/record-names.py', import.meta.url).pathname;

/** The version of the duplicity that is installed here; `undefined` where there is none. */
export function findDuplicity(): string | undefined {
  const found = spawnSync(PYTHON, ['-c', 'import duplicity; print(duplicity.__version__)']);
  return found.status === 0 ? found.stdout.toString().trim() : undefined;
}

/** Starts it; `read` answers for each name `null`, "dies", or what record-names.py writes. */
export function startDuplicityParser() {
  const child = spawn(PYTHON, ['-c', PROGRAM, recorder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    read: async (names: readonly string[]): Promise<unknown[]> => {
      child.stdin.write(`${JSON.stringify(names)}\n`);
      const { value } = await lines.next();
      return JSON.parse(value ?? 'null');
    },
    stop: () =>
      new Promise<void>((done) => {
        child.once('close', () => done());
        child.stdin.end();
      }),
  };
}
