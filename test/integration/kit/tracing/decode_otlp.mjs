// Decodes OTLP with the decoders that OpenTelemetry's JavaScript SDK has: the standard input is JSON of
// {kind: 'trace' | 'metrics', encoding: 'protobuf' | 'json', content: base64}. Prints the message as
// protobuf's JSON mapping has it, but with ids in hexadecimal digits; and what the decoder doesn't know.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(process.cwd() + '/');
const { opentelemetry } = require('@opentelemetry/otlp-transformer/build/src/generated/root.js');
const { kind, encoding, content } = JSON.parse(readFileSync(0, 'utf8'));
const { trace, metrics } = opentelemetry.proto.collector;
const type = kind === 'trace' ? trace.v1.ExportTraceServiceRequest : metrics.v1.ExportMetricsServiceRequest;
const bytes = Buffer.from(content, 'base64');

function map(value, change, key = '') {
  if (Array.isArray(value)) return value.map((v) => map(v, change));
  if (value === null || typeof value !== 'object') return change(key, value);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, map(v, change, k)]));
}
const isId = (key) => /^(trace|span|parentSpan)Id$/.test(key);
const special = { NaN, Infinity, '-Infinity': -Infinity };

let message;
let problem = null;
if (encoding === 'protobuf') {
  message = type.decode(bytes);
} else {
  const plain = map(JSON.parse(bytes.toString('utf8')), (key, value) => {
    if (isId(key)) return Buffer.from(value, 'hex').toString('base64');
    return key.endsWith('ouble') || key.endsWith('Value') ? special[value] ?? value : value;
  });
  message = type.fromObject(plain);
}
problem = type.verify(message);
const object = type.toObject(message, { longs: String, bytes: String, json: true, arrays: false });
const shown = map(object, (key, value) => (isId(key) ? Buffer.from(value, 'base64').toString('hex') : value));
console.log(JSON.stringify({ problem, message: shown }));
