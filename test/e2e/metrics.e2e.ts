// The metrics, the alert rules and the queries of the dashboard, in the real Prometheus of Debian.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { composeOpenMetrics } from '../../shared/messages/openmetrics.ts';
import { reportOf } from '../../shared/monitor/unknown-prefixes.ts';
import { endProgram } from '../support/end-program.ts';
import { freePort } from '../support/free-port.ts';
import { runProgram } from '../support/run-program.ts';

const project = resolve(import.meta.dirname, '../..');
const folder = join(project, '.prometheus');
const RULES = join(project, 'docs/metrics/rollcall-alerts.yml');

/** Debian's package, unpacked into a folder of its own: nothing is installed, no service started. About 19 MB, once. */
async function fetchPrometheus(): Promise<string> {
  const bin = join(folder, 'root/usr/bin');
  for (const known of ['/usr/bin', bin]) if (existsSync(join(known, 'promtool'))) return known;
  mkdirSync(folder, { recursive: true });
  await runProgram('apt-get', ['download', 'prometheus'], { cwd: folder }).catch((cause) => {
    throw new Error('no Prometheus: on Debian, apt-get install prometheus', { cause });
  });
  const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  await runProgram('dpkg', ['--extract', join(folder, file), join(folder, 'root')]);
  rmSync(join(folder, file));
  return bin;
}

const now = Date.now();
const ago = (hours: number) => new Date(now - hours * 3_600_000).toISOString();
const host = (name: string, findings: readonly object[], more = {}) => ({
  ...{ host: name, target: `s3://backups/${name}/`, findings, sets: [], windowsMissed: 0 },
  ...{ verdict: findings.length === 0 ? 'ok' : 'missing', answer: null, changes: [] },
  lastGood: { startedAt: ago(5), bytes: 6_500_000_000, volumes: 31 },
  ...more,
});
const HOSTILE = 'a"b\\c\nd{}# €';
const metrics = composeOpenMetrics(
  reportOf(
    'backups',
    [
      host('web', [], { expiresAt: ago(-24) }),
      host('db', [{ kind: 'missing', severity: 'critical', message: 'm', subjects: [] }]),
      host(HOSTILE, [], { lastGood: null }),
    ] as never,
    { prefixes: ['x/'], foreignObjects: 0 },
    now,
  ),
  new Map([['web', { provenAt: now - 100 * 86_400_000 }]]),
);

let bin: string;
let dir: string;
let api: string;
let stop: () => Promise<unknown>;
beforeAll(async () => {
  bin = await fetchPrometheus();
  dir = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const target = createServer((_, response) =>
    response
      .writeHead(200, {
        'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
      })
      .end(metrics),
  );
  await new Promise<void>((done) => target.listen(0, '127.0.0.1', done));
  const port = await freePort();
  const config = `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [${JSON.stringify(RULES)}]
scrape_configs:
  - job_name: rollcall
    static_configs: [{ targets: ["127.0.0.1:${(target.address() as AddressInfo).port}"] }]
`;
  writeFileSync(join(dir, 'prometheus.yml'), config);
  const words = [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const server = spawn(join(bin, 'prometheus'), words, { stdio: 'ignore' });
  stop = async () => {
    await endProgram(server);
    target.closeAllConnections();
    await new Promise((done) => target.close(done));
    rmSync(dir, { recursive: true, force: true });
  };
  api = `http://127.0.0.1:${port}/api/v1`;
});
afterAll(() => stop());

type Answer = {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
};

async function ask(path: string): Promise<Answer> {
  const answer = await fetch(`${api}/${path}`);
  return (await answer.json()) as Answer;
}

const query = (words: string) => ask(`query?query=${encodeURIComponent(words)}`);

async function until<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  for (let left = 100; left > 0; left -= 1) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await sleep(300);
  }
  throw new Error(`Prometheus never had ${what}`);
}

it('are scraped by Prometheus as OpenMetrics, with every name as it is', async () => {
  const up = await until('a target that is up', async () => {
    const { data } = await query('up{job="rollcall"}');
    return data.result[0]?.value[1] === '1' ? true : undefined;
  });
  expect(up).toBe(true);
  const { data } = await query('rollcall_backup_ok');
  expect(new Map(data.result.map(({ metric, value }) => [metric.host, value[1]]))).toEqual(
    new Map([
      ['web', '1'],
      ['db', '0'],
      [HOSTILE, '1'],
    ]),
  );
  const age = await query('rollcall_backup_age_seconds{host="web"}');
  expect(Number(age.data.result[0]?.value[1])).toBe(5 * 3600);
});

it('are read as the plain text format too, as node_exporter reads a file', async () => {
  const file = join(dir, 'rollcall.prom');
  writeFileSync(file, metrics);
  await runProgram('sh', ['-c', '"$0" check metrics <"$1"', join(bin, 'promtool'), file]);
});

it('make the alerts that their values ask for, and no other', async () => {
  await runProgram(join(bin, 'promtool'), ['check', 'rules', RULES]);
  const firing = await until('an alert', async () => {
    const { data } = await query('ALERTS{alertstate="firing"}');
    return data.result.length >= 3 ? data.result : undefined;
  });
  const names = firing.map(({ metric }) => `${metric.alertname} ${metric.host}`).sort();
  expect(names).toEqual(['BackupExpires web', 'BackupFailed db', 'RestoreNotProven web']);
});

it('ring when the metrics are old, or are none', async () => {
  const file = join(dir, 'silent.yml');
  const alert = (at: string, expected: string) =>
    `  - { eval_time: ${at}, alertname: RollcallSilent, exp_alerts: ${expected} }\n`;
  const fires = `[{ exp_labels: { severity: critical, bucket: b }, exp_annotations: { summary: "No check of the backups for over three hours: nothing else here is news any more", description: "docs/runbook.md#monitor-silent" } }]`;
  const bare = fires.replace(', bucket: b', '');
  writeFileSync(
    file,
    `rule_files: [${JSON.stringify(RULES)}]
tests:
- interval: 15m
  input_series: [{ series: 'rollcall_check_timestamp_seconds{bucket="b"}', values: '0x120' }]
  alert_rule_test:
${alert('2h45m', '[]')}${alert('3h15m', fires)}
- interval: 15m
  input_series: []
  alert_rule_test:
${alert('1h', bare)}`,
  );
  await runProgram(join(bin, 'promtool'), ['test', 'rules', file]);
});

it('answer every query of the dashboard', async () => {
  const text = readFileSync(join(project, 'docs/metrics/rollcall-dashboard.json'), 'utf8');
  const { panels } = JSON.parse(text) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  for (const { title, targets } of panels)
    for (const { expr } of targets) {
      const answer = await query(expr.replace(/\$(?:bucket|host)/g, '.*'));
      expect([title, answer.status, answer.error]).toEqual([title, 'success', undefined]);
      expect(answer.data.result.length, title).toBeGreaterThan(0);
    }
});
