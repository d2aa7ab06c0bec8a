// Calls a traced_server in a span, and is called by it: the standard input is JSON of {url, library: 'w3c',
// 'b3', 'b3multi' or 'zipkin', sampled, debug, long}. Prints the span that called, the server's answer to it,
// and the span in which the server's own call was served.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const require = createRequire(process.cwd() + '/');
const asked = JSON.parse(readFileSync(0, 'utf8'));

function opentelemetry() {
  const { context, propagation, trace, ROOT_CONTEXT, defaultTextMapGetter, defaultTextMapSetter } =
    require('@opentelemetry/api');
  const { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider, ParentBasedSampler } =
    require('@opentelemetry/sdk-trace-node');
  const { CompositePropagator, TraceState, W3CBaggagePropagator, W3CTraceContextPropagator } =
    require('@opentelemetry/core');
  const { B3InjectEncoding, B3Propagator } = require('@opentelemetry/propagator-b3');
  const format = asked.library === 'w3c' ? new W3CTraceContextPropagator() : new B3Propagator({
    injectEncoding: asked.library === 'b3' ? B3InjectEncoding.SINGLE_HEADER : B3InjectEncoding.MULTI_HEADER,
  });
  const both = new CompositePropagator({ propagators: [format, new W3CBaggagePropagator()] });
  const root = asked.sampled ? new AlwaysOnSampler() : new AlwaysOffSampler();
  const tracer = new BasicTracerProvider({ sampler: new ParentBasedSampler({ root }) }).getTracer('peer');
  const about = (span) => {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    return { trace_id: traceId, span_id: spanId, sampled: (traceFlags & 1) === 1,
      trace_state: traceState?.serialize() ?? '' };
  };
  return {
    begin() {
      // With a parent far away there is a trace state to carry.
      const parent = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', isRemote: true,
        traceFlags: asked.sampled ? 1 : 0, traceState: new TraceState('vendor=a,other=b') };
      const span = tracer.startSpan('call', {}, trace.setSpanContext(ROOT_CONTEXT, parent));
      const baggage = propagation.createBaggage({ tenant: { value: 'käse & co, 7' }, plain: { value: 'x' } });
      const headers = {};
      both.inject(propagation.setBaggage(trace.setSpan(ROOT_CONTEXT, span), baggage), headers, defaultTextMapSetter);
      return { span: about(span), headers };
    },
    serve(headers) {
      const ctx = both.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
      const caller = trace.getSpanContext(ctx);
      const span = tracer.startSpan('serve', {}, ctx);
      const baggage = Object.fromEntries(
        (propagation.getBaggage(ctx)?.getAllEntries() ?? []).map(([key, { value }]) => [key, value]));
      return { ...about(span), caller_id: caller?.spanId, baggage };
    },
  };
}

function zipkin() {
  const { ExplicitContext, Instrumentation, Request, Tracer, option, sampler } = require('zipkin');
  const tracer = new Tracer({
    ctxImpl: new ExplicitContext(), recorder: { record() {} }, localServiceName: 'peer',
    sampler: new sampler.Sampler(asked.sampled ? sampler.alwaysSample : sampler.neverSample),
    traceId128Bit: asked.long, supportsJoin: false,
  });
  const about = (id) => ({ trace_id: id.traceId.padStart(32, '0'), span_id: id.spanId,
    parent_id: id.parentSpanId.getOrElse(''), sampled: id.sampled.getOrElse(null), debug: id.isDebug() });
  return {
    begin() {
      const id = asked.debug ? tracer.createRootId(new option.Some(true), true) : tracer.createRootId();
      return { span: about(id), headers: Request.addZipkinHeaders({}, id).headers };
    },
    serve(headers) {
      const server = new Instrumentation.HttpServer({ tracer, serviceName: 'peer', port: 0 });
      const read = (name) => option.fromNullable(headers[name.toLowerCase()]);
      return tracer.scoped(() => about(server.recordRequest('GET', '/', read)));
    },
  };
}

const peer = asked.library === 'zipkin' ? zipkin() : opentelemetry();
const server = createServer((request, response) => {
  response.end(JSON.stringify(peer.serve(request.headers)));
});
server.listen(0, '127.0.0.1', async () => {
  const own = encodeURIComponent(`http://127.0.0.1:${server.address().port}/`);
  const { span, headers } = peer.begin();
  const answer = await (await fetch(`${asked.url}/call?url=${own}`, { headers })).json();
  const served = JSON.parse(answer.answer);
  console.log(JSON.stringify({ span, answer, served }));
  server.closeAllConnections();
  server.close();
});
