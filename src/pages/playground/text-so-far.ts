/**
 * GraphiQL shows only the latest event of a stream, which would in the end be the usage. This adds the text so far to each
 * event, under a name that says that the server did not send it.
 */
export function showTextSoFar(): void {
  const original = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    const response = await original(...request);
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
    if (!isStream || !response.body) return response;
    const texts: string[] = [];
    let unfinished = '';
    const withText = (event: string) => {
      const [, json] = /^event: next\ndata: (.*)$/.exec(event) ?? [];
      if (json === undefined) return event;
      const result = JSON.parse(json);
      for (const field of Object.values<{ index?: number; content?: unknown } | null>(result.data ?? {})) {
        if (typeof field?.content !== 'string') continue;
        const index = field.index ?? 0;
        texts[index] = (texts[index] ?? '') + field.content;
      }
      const textSoFar = texts.length > 1 ? texts : texts[0];
      if (!textSoFar) return event;
      const extensions = { ...result.extensions, addedByPlayground: { textSoFar } };
      return `event: next\ndata: ${JSON.stringify({ ...result, extensions })}`;
    };
    const adding = new TransformStream<string, string>({
      transform(chunk, controller) {
        const events = (unfinished + chunk).split('\n\n');
        unfinished = events.pop() ?? '';
        for (const event of events) controller.enqueue(`${withText(event)}\n\n`);
      },
      flush(controller) {
        controller.enqueue(unfinished);
      },
    });
    const body = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(adding)
      .pipeThrough(new TextEncoderStream());
    return new Response(body, response);
  };
}
