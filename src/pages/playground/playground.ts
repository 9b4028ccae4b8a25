import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../../config/config.js';
import { prefersHtml } from '../../transports/http/media-types.js';
import type { Page } from '../../transports/http/server.js';
import { type ExampleOperation, readExampleOperations } from '../example-operations.js';
import { type PageFile, sendPageFile, toPageFile } from '../page-files.js';
import { Assets } from './assets.js';
import { keepHistory } from './history.js';
import { fillIds } from './ids.js';
import { STYLE } from './style.js';
import { type ExampleTab, keepTabs } from './tabs.js';
import { showTextSoFar } from './text-so-far.js';

/** The page loads its own files and talks to this server only. Its editor writes styles and has its fonts in them. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  'font-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface RenderedPage {
  page: PageFile;
  assets: Map<string, PageFile>;
}

/** GraphiQL from node_modules: 9 MB, so it is rendered and compressed once, with the first request. */
export class Playground implements Page {
  private rendered: Promise<RenderedPage> | undefined;

  constructor(private readonly authMode: Config['authMode']) {}

  async serve(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { method, url, headers } = request;
    if (method !== 'GET') return false;
    const asset = new URLSearchParams(url?.split('?')[1]).get('asset');
    const isVisit = prefersHtml(headers.accept);
    if (asset === null && !isVisit) return false;
    this.rendered ??= renderPage(this.authMode);
    const { page, assets } = await this.rendered;
    const file = assets.get(asset ?? '') ?? (isVisit ? page : undefined);
    if (!file) return false;
    await sendPageFile(file, request, response);
    return true;
  }
}

async function renderPage(authMode: Config['authMode']): Promise<RenderedPage> {
  const graphiql = await import('@graphql-yoga/render-graphiql/graphiql');
  const assets = new Assets(CONTENT_SECURITY_POLICY);
  const [, icon = ''] = graphiql.favicon.split(',');
  const workers = {
    editorWorkerService: assets.add('editor-worker.js', graphiql.editorWorkerService),
    json: assets.add('json-worker.js', graphiql.jsonWorker),
    graphql: assets.add('graphql-worker.js', graphiql.graphqlWorker),
  };
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Context cache</title>
    <link rel="icon" href="${assets.add('favicon.ico', Buffer.from(icon, 'base64'), 'image/x-icon')}">
    <link rel="stylesheet" href="${assets.add('graphiql.css', graphiql.css + STYLE, 'text/css; charset=utf-8')}">
  </head>
  <body class="no-focus-outline">
    <noscript>The playground needs JavaScript.</noscript>
    <div id="root"></div>
    <script src="${assets.add('graphiql.js', graphiql.js)}"></script>
    <script src="${assets.add('start.js', startScript(authMode, workers))}"></script>
  </body>
</html>
`;
  return {
    page: await toPageFile(html, {
      type: 'text/html; charset=utf-8',
      caching: 'page',
      contentSecurityPolicy: CONTENT_SECURITY_POLICY,
    }),
    assets: await assets.compressed(),
  };
}

function startScript(authMode: Config['authMode'], workers: Record<string, string>): string {
  const examples = readExampleOperations().map(toTab);
  // Its endpoint is the page's own path.
  const options = {
    title: 'Context cache',
    subscriptionsProtocol: 'GRAPHQL_SSE',
    // Over GET, pages of any origin could open streams.
    method: 'POST',
    // Headers may contain a gateway key, which must not be kept in the browser's storage.
    shouldPersistHeaders: false,
    headers: authMode === 'none' ? '{}' : '{ "Authorization": "Bearer your-key-or-token" }',
    defaultTabs: examples,
  };
  return [
    `self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_, label) => (${JSON.stringify(workers)})[label] };`,
    `(${keepTabs})(${JSON.stringify(examples)});`,
    ...[showTextSoFar, fillIds, keepHistory].map((prepare) => `(${prepare})();`),
    `YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), ${JSON.stringify(options)});`,
  ].join('\n');
}

function toTab({ query, variables }: ExampleOperation): ExampleTab {
  return { title: /^\w+ (\w+)/m.exec(query)?.[1] ?? '', query, variables };
}
