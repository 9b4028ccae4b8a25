import type { FinishedCall } from '../gateway/http/finished-call.js';
import type { FinishedOperation } from './work.js';

export interface Traces {
  onOperation: (finished: FinishedOperation) => void;
  /** Sends the remaining spans. */
  close(): Promise<void>;
}

/** The exporter reads its other `OTEL_` variables itself. Neither SDK nor exporter is loaded unless tracing is on. */
export async function openTraces(isOn: boolean): Promise<Traces | undefined> {
  if (!isOn) return undefined;
  const [
    { SpanKind, SpanStatusCode, trace, ROOT_CONTEXT },
    { OTLPTraceExporter },
    { detectResources, envDetector, resourceFromAttributes },
    sdk,
  ] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
  ]);
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'graphql-context-cache' }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const tracer = provider.getTracer('graphql-context-cache');
  const fail = (code: string) => ({ code: SpanStatusCode.ERROR, message: code });

  const onOperation = (finished: FinishedOperation) => {
    const { kind, fields, startedAt, durationMs, codes, requestId, gatewayCalls } = finished;
    const name = `${kind} ${fields.join(',')}`;
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, startTime: startedAt }, ROOT_CONTEXT);
    span.setAttributes({ 'graphql.operation.type': kind, 'request.id': requestId });
    if (finished.name !== undefined) span.setAttribute('graphql.operation.name', finished.name);
    if (codes[0]) span.setStatus(fail(codes[0]));
    for (const call of gatewayCalls) addCall(call, trace.setSpan(ROOT_CONTEXT, span));
    span.end(startedAt + durationMs);
  };
  const addCall = (call: FinishedCall, parent: typeof ROOT_CONTEXT) => {
    const { operation, startedAt, durationMs, status, outcome, attempts } = call;
    const span = tracer.startSpan(
      `gateway ${operation}`,
      { kind: SpanKind.CLIENT, startTime: startedAt },
      parent,
    );
    if (status !== undefined) span.setAttribute('http.response.status_code', status);
    span.setAttribute('http.request.resend_count', Math.max(attempts - 1, 0));
    if (outcome !== 'OK') span.setStatus(fail(outcome));
    span.end(startedAt + durationMs);
  };
  return { onOperation, close: () => provider.shutdown() };
}
