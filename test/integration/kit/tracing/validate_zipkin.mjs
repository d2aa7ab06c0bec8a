// Looks at lists of Zipkin's spans: the standard input is JSON of {api: the OpenAPI document's text, lists}.
// Prints for each list whether it is one by the document, and whether Zipkin's own library, which cannot
// read, would write the same of the spans' parts.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(process.cwd() + '/');
const Ajv = require('ajv');
const formats = require('ajv-formats');
const yaml = require('yaml');
const { jsonEncoder, model, TraceId, option } = require('zipkin');
const { api, lists } = JSON.parse(readFileSync(0, 'utf8'));

const ajv = new Ajv.default({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(yaml.parse(api), 'api');
const validate = ajv.compile({ $ref: 'api#/definitions/ListOfSpans' });

function rewritten(s) {
  const { Some, None } = option;
  const id = new TraceId({
    traceId: s.traceId,
    parentId: s.parentId ? new Some(s.parentId) : None,
    spanId: s.id,
    debug: s.debug ?? false,
    shared: s.shared ?? false,
  });
  const out = new model.Span(id);
  const endpoint = (e) => e && Object.assign(new model.Endpoint(e), e);
  out.setName(s.name);
  out.setKind(s.kind);
  out.setTimestamp(s.timestamp);
  out.setDuration(s.duration);
  out.setLocalEndpoint(endpoint(s.localEndpoint));
  out.setRemoteEndpoint(endpoint(s.remoteEndpoint));
  for (const a of s.annotations ?? []) out.addAnnotation(a.timestamp, a.value);
  for (const [key, value] of Object.entries(s.tags ?? {})) out.putTag(key, value);
  return JSON.parse(jsonEncoder.JSON_V2.encode(out));
}
console.log(JSON.stringify(lists.map((spans) => {
  const valid = validate(spans) ? true : validate.errors.map((e) => `${e.instancePath} ${e.message}`);
  return { valid, rewritten: valid === true ? spans.map(rewritten) : [] };
})));
