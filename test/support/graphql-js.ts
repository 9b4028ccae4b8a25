import {
  createSourceEventStream,
  type ExecutionResult,
  execute,
  GraphQLError,
  getOperationAST,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql';
import { readConfig } from '../../src/config/config.js';
import { toAppError } from '../../src/errors.js';
import { Gateway } from '../../src/gateway/data-source.js';
import { queryLimits } from '../../src/operations/query-limits.js';
import { SubscriptionRootRule } from '../../src/operations/subscription-root-rule.js';
import { ModelList } from '../../src/pricing/model-list.js';
import { RequestContext } from '../../src/request-context.js';
import { createSchema } from '../../src/schema/build.js';
import { createServices } from '../../src/services.js';
import { openStore } from '../../src/store/open-store.js';
import { createLog } from '../../src/telemetry/logs.js';
import type { SentOperation } from './random-operations.js';
import { NOON, SERVER_KEY } from './server.js';

/** What a caller sees of one result: the data, and where and with which code something failed. */
export interface Seen {
  data: unknown;
  errors: { path: unknown; code: unknown }[];
}

/** The same resolvers, run by graphql-js alone and without any transport. */
export class GraphQLJs implements AsyncDisposable {
  readonly schema = createSchema();
  private readonly log = createLog('silent');
  private readonly config;
  private readonly store;
  private readonly gateway;
  private readonly services;

  constructor(gateway: { url: string }) {
    this.config = readConfig({
      GATEWAY_URL: gateway.url,
      GATEWAY_API_KEY: SERVER_KEY,
      STORE_URL: 'sqlite::memory:',
      RATE_LIMIT_CREATES_PER_MINUTE: '0',
      RATE_LIMIT_CHATS_PER_MINUTE: '0',
    });
    this.store = openStore(this.config.store.url, this.log);
    this.gateway = new Gateway({ ...this.config.gateway, now: () => NOON });
    this.services = createServices(this.config, {
      store: this.store,
      models: ModelList.empty(),
      promptFolder: undefined,
      newServerRequest: undefined,
      onKeptWarm: () => undefined,
      onBooked: () => undefined,
      onFinished: () => undefined,
      now: () => NOON,
      log: this.log,
    });
  }

  /** The results of one operation; null: a rule refuses it. */
  async run({ query, variables: variableValues, operationName }: SentOperation): Promise<Seen[] | null> {
    const { schema } = this;
    const document = parse(query);
    const isRefused = [[queryLimits(schema), SubscriptionRootRule], undefined].some(
      (rules) => validate(schema, document, rules).length > 0,
    );
    const operation = getOperationAST(document, operationName);
    if (isRefused || !operation) return null;
    const contextValue = new RequestContext({
      requestId: 'request',
      caller: { id: 'anonymous', credential: { key: SERVER_KEY, owner: 'server' } } as never,
      gateway: this.gateway,
      container: this.services.container,
      now: () => NOON,
    });
    const args = { schema, document, operationName: operationName ?? null, variableValues, contextValue };
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return [seen(await execute(args))];
    const source = await createSourceEventStream(args);
    if ('errors' in source) return [seen(source)];
    const results: Seen[] = [];
    for await (const rootValue of source as AsyncIterable<unknown>) {
      results.push(seen(await execute({ ...args, rootValue })));
    }
    return results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.close();
    this.services.counters.close();
    await this.store.close();
  }
}

function seen({ data, errors = [] }: ExecutionResult): Seen {
  return { data: data ?? null, errors: errors.map(toSeenError) };
}

/** An error that no resolver threw is a value that does not fit. */
function toSeenError({ path, originalError }: GraphQLError) {
  const isThrown = originalError && !(originalError instanceof GraphQLError);
  return { path, code: isThrown ? toAppError(originalError).code : 'BAD_USER_INPUT' };
}
