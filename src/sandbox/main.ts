import { parseArgs } from 'node:util';
import { startSandbox } from './server.js';

const HELP = `The sandbox: a stand-in for the REST gateway, without a model.

  --host ADDRESS          address to listen on (127.0.0.1)
  --port NUMBER           port to listen on (4100)
  --key KEY               API key that callers must send (sk-sandbox)
  --status CODE           answer every call with this HTTP status
  --chunk-ms NUMBER       wait this many milliseconds between two events of a stream (30)
  --delay-ms NUMBER       wait this many milliseconds before each answer
  --chunk-usage           send what has been used so far with every event of a stream, as Ark does on request
  --stall-after-events NUMBER  send nothing after this many events of a stream
  --cut-after-bytes NUMBER  cut each answer off after this many bytes
  --help                  this text`;

try {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '4100' },
      key: { type: 'string', default: 'sk-sandbox' },
      status: { type: 'string' },
      'chunk-ms': { type: 'string' },
      'delay-ms': { type: 'string' },
      'cut-after-bytes': { type: 'string' },
      'chunk-usage': { type: 'boolean', default: false },
      'stall-after-events': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(HELP);
  else await run(values);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  process.exitCode = 2;
}

async function run(values: Record<string, string | boolean | undefined>): Promise<void> {
  const number = (name: string, min: number, max: number): number | undefined => {
    const value = values[name];
    if (value === undefined) return undefined;
    if (/^\d+$/.test(String(value)) && Number(value) >= min && Number(value) <= max) return Number(value);
    throw new Error(`--${name} must be a whole number from ${min} to ${max}`);
  };
  const status = number('status', 400, 599);
  const chunkMs = number('chunk-ms', 0, 3_600_000);
  const delayMs = number('delay-ms', 0, 3_600_000);
  const cutAfterBytes = number('cut-after-bytes', 1, Number.MAX_SAFE_INTEGER);
  const stallAfterEvents = number('stall-after-events', 1, Number.MAX_SAFE_INTEGER);
  const sandbox = await startSandbox({
    host: String(values.host),
    port: number('port', 0, 65_535) ?? 4_100,
    apiKey: String(values.key),
    ...(chunkMs !== undefined && { chunkMs }),
    chunkUsage: values['chunk-usage'] === true,
    faults: {
      ...(status !== undefined && { status }),
      ...(delayMs !== undefined && { delayMs }),
      ...(cutAfterBytes !== undefined && { cutAfterBytes }),
      ...(stallAfterEvents !== undefined && { stallAfterEvents }),
    },
  });
  console.log(`The sandbox stands in for the gateway; its answers come from no model.
Base URL: ${sandbox.url}
API key:  ${sandbox.apiKey}
Try it:   curl -s ${sandbox.url}/models -H "Authorization: Bearer ${sandbox.apiKey}"`);
  const end = () => void sandbox.close();
  process.once('SIGINT', end).once('SIGTERM', end);
}
