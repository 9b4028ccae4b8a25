// Loaded before a server by the tests: says at its end whether OpenTelemetry's SDK was loaded. Its bare API always is:
// the metrics' library asks it whether there is a trace.
import { createRequire } from 'node:module';

const { cache } = createRequire(import.meta.url);
process.on('exit', () => {
  const loaded = Object.keys(cache).some((path) => path.includes('/@opentelemetry/sdk-trace-base/'));
  process.stderr.write(`OpenTelemetry was ${loaded ? 'loaded' : 'not loaded'}\n`);
});
