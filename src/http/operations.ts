import { setTimeout as pause } from 'node:timers/promises';
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  specifiedRules,
  subscribe,
  type ValidationRule,
  ValuesOfCorrectTypeRule,
  validate,
} from 'graphql';
import type { Logger } from 'pino';
import { AppError, badUserInput, ErrorCode, shuttingDown, toAppError, toGraphQLError } from '../errors.js';
import { parseDocument, syntaxMessage } from '../limits/parsing.js';
import { queryLimits } from '../limits/query-limits.js';
import type { Documents } from '../limits/trusted-documents.js';
import type { RequestContext } from '../request-context.js';
import type { FinishedOperation, Watch } from '../telemetry/work.js';
import { misfitError, PrivateValuesRule } from './private-values.js';

export interface OperationRequest {
  document: DocumentNode | string;
  operationName?: string | null | undefined;
  variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** An operation that may run. */
export interface PreparedOperation {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  operationName: string | null | undefined;
  variables: Readonly<Record<string, unknown>>;
}

/** A series of results that can be ended while the next one is waited for. */
export interface Results extends AsyncIterableIterator<ExecutionResult, void, void> {
  return(): Promise<IteratorResult<ExecutionResult, void>>;
}

export interface OperationsOptions {
  schema: GraphQLSchema;
  introspection: boolean;
  documents: Documents;
  log: Logger;
  /** Told of each operation once it is over; must not throw. */
  watch?: Watch;
}

/** Milliseconds that whoever is told of an end gets to hear of it. */
export const LAST_WORDS_MS = 1_000;

/** Validates and runs operations, the same for every transport: the errors are what a caller may see. */
export class Operations {
  private readonly limits: readonly ValidationRule[];
  private readonly rules: readonly ValidationRule[];
  private readonly running = new Map<RequestContext, Promise<void>>();
  private draining = false;
  /** Apollo Server keeps documents parsed; each of those is validated once. */
  private readonly validated = new WeakMap<DocumentNode, readonly GraphQLError[]>();

  constructor(private readonly options: OperationsOptions) {
    this.limits = [queryLimits(options.schema)];
    this.rules = [
      ...specifiedRules.filter((specified) => specified !== ValuesOfCorrectTypeRule),
      PrivateValuesRule,
      ...(options.introspection ? [] : [NoSchemaIntrospectionCustomRule]),
    ];
  }

  /** The operation, or why it is refused. */
  prepare(request: OperationRequest, context: RequestContext): PreparedOperation | GraphQLError[] {
    const prepared = this.draining
      ? [toGraphQLError(shuttingDown(), context.requestId)]
      : this.check(request, context);
    return Array.isArray(prepared) ? this.refuse(prepared, context) : prepared;
  }

  /** What never ran is seen as well. */
  private refuse(errors: GraphQLError[], { requestId, callerId, work, startedAt }: RequestContext) {
    const codes = errors.slice(0, 1).map(({ extensions }) => extensions.code as ErrorCode);
    const nothing = { kind: 'refused', name: undefined, fields: ['refused'], durationMs: 0 };
    this.options.watch?.({ ...work, ...nothing, codes, requestId, callerId, startedAt });
    return errors;
  }

  /** Whether the server is about to end, and takes no new work. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** How many run, open streams included. */
  get inFlight(): number {
    return this.running.size;
  }

  /** Takes no more work, waits for what runs, and ends what still runs after `graceMs` milliseconds. */
  async drain(graceMs: number): Promise<void> {
    this.draining = true;
    const all = () => Promise.all([...this.running.values()]);
    const grace = new AbortController();
    await Promise.race([all(), pause(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
    for (const context of this.running.keys()) context.stop(shuttingDown());
    // What was told why it ends is written out before its connection goes.
    await Promise.race([all(), pause(LAST_WORDS_MS, undefined, { ref: false })]);
  }

  private check(request: OperationRequest, context: RequestContext): PreparedOperation | GraphQLError[] {
    const { operationName, variables } = request;
    try {
      const sent = request.document;
      this.options.documents.check(typeof sent === 'string' ? sent : sent.loc?.source.body);
      const document = typeof sent === 'string' ? parseDocument(sent) : sent;
      const invalid = this.validate(document);
      if (invalid.length > 0) return invalid.map((error) => refusal(error.message, context, error));
      const operation = getOperationAST(document, operationName);
      if (!operation) return [refusal('Name one operation of the document in `operationName`.', context)];
      const prepared = { document, operation, operationName, variables: variables ?? {} };
      const misfit = misfitError(this.options.schema, operation, prepared.variables);
      return misfit ? [toGraphQLError(misfit, context.requestId)] : prepared;
    } catch (error) {
      if (error instanceof GraphQLError) return [refusal(syntaxMessage(error), context, error)];
      if (error instanceof AppError) return [toGraphQLError(error, context.requestId)];
      throw error;
    }
  }

  /** Runs a query or a mutation. A result without `data` means that it was refused and nothing ran. */
  async run(request: OperationRequest, context: RequestContext): Promise<ExecutionResult> {
    const prepared = this.prepare(request, context);
    if (Array.isArray(prepared)) return { errors: prepared };
    if (prepared.operation.operation === 'subscription') {
      const message = 'Subscriptions need server-sent events (Accept: text/event-stream) or a WebSocket.';
      return { errors: this.refuse([refusal(message, context)], context) };
    }
    const end = this.begin(prepared, context);
    try {
      return await this.execute(prepared, context);
    } finally {
      end();
    }
  }

  /** Runs any operation as a series of results. Ending the series ends the request's work at once. */
  stream(request: OperationRequest, context: RequestContext): Results {
    const results = this.results(request, context);
    return {
      next: () => results.next(),
      // A generator that waits would hear of its end only after the wait; abandoning the request ends the wait.
      return: () => {
        context.abandon();
        return results.return();
      },
      throw: (error) => results.throw(error),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  private async *results(
    request: OperationRequest,
    context: RequestContext,
  ): AsyncGenerator<ExecutionResult, void> {
    const prepared = this.prepare(request, context);
    if (Array.isArray(prepared)) return yield { errors: prepared };
    const end = this.begin(prepared, context);
    try {
      yield* this.resultsOf(prepared, context);
    } finally {
      end();
    }
  }

  private async *resultsOf(
    prepared: PreparedOperation,
    context: RequestContext,
  ): AsyncGenerator<ExecutionResult, void> {
    if (prepared.operation.operation !== 'subscription') {
      yield await this.execute(prepared, context);
    } else {
      const source = await subscribe(this.executionArgs(prepared, context));
      if (!(Symbol.asyncIterator in source)) yield this.presentResult(source, context);
      else for await (const result of source) yield this.presentResult(result, context);
    }
  }

  private async execute(prepared: PreparedOperation, context: RequestContext): Promise<ExecutionResult> {
    return this.presentResult(await execute(this.executionArgs(prepared, context)), context);
  }

  private executionArgs(
    { document, operationName, variables }: PreparedOperation,
    contextValue: RequestContext,
  ) {
    return { schema: this.options.schema, document, operationName, variableValues: variables, contextValue };
  }

  /** Gives back what is to be called when it is over. */
  private begin(prepared: PreparedOperation, context: RequestContext): () => void {
    const startedAt = Date.now();
    const began = performance.now();
    let leave: () => void = () => undefined;
    this.running.set(
      context,
      new Promise((resolve) => {
        leave = resolve;
      }),
    );
    return () => {
      this.running.delete(context);
      leave();
      const durationMs = performance.now() - began;
      this.options.watch?.({ ...describe(prepared, context), startedAt, durationMs });
    };
  }

  private validate(document: DocumentNode): readonly GraphQLError[] {
    const known = this.validated.get(document);
    if (known) return known;
    const tooMuch = validate(this.options.schema, document, this.limits);
    const errors = tooMuch.length > 0 ? tooMuch : validate(this.options.schema, document, this.rules);
    this.validated.set(document, errors);
    return errors;
  }

  private presentResult(result: ExecutionResult, context: RequestContext): ExecutionResult {
    if (!result.errors) return result;
    const isRefused = !('data' in result) && result.errors.every(({ path }) => path === undefined);
    if (isRefused) {
      return { errors: [refusal('The arguments do not fit their types.', context)] };
    }
    return { ...result, errors: result.errors.map((error) => this.present(error, context)) };
  }

  private present(error: GraphQLError, context: RequestContext): GraphQLError {
    const failure = isMisfitLiteral(error)
      ? badUserInput('An argument does not fit its type.')
      : toAppError(error.originalError);
    context.work.codes.push(failure.code);
    this.log(failure, context);
    return toGraphQLError(failure, context.requestId, error);
  }

  private log({ code, details }: AppError, { requestId }: RequestContext): void {
    if (code !== ErrorCode.INTERNAL_SERVER_ERROR) return;
    this.options.log.error({ requestId, err: details.cause }, 'a resolver failed');
  }
}

function describe(
  { operation }: PreparedOperation,
  context: RequestContext,
): Omit<FinishedOperation, 'startedAt' | 'durationMs'> {
  const { requestId, callerId, work } = context;
  const { name, operation: kind, selectionSet } = operation;
  const fields = selectionSet.selections.map((one) =>
    one.kind === Kind.FIELD ? one.name.value : 'fragment',
  );
  return { ...work, requestId, callerId, kind, name: name?.value.slice(0, 64), fields: [...new Set(fields)] };
}

function refusal(message: string, { requestId }: RequestContext, at?: GraphQLError): GraphQLError {
  return toGraphQLError(badUserInput(message), requestId, at);
}

/** A literal that proved unusable only with its variables' values; graphql-js quotes it whole. */
function isMisfitLiteral(error: GraphQLError): boolean {
  const source = error.originalError ?? error;
  const node = source instanceof GraphQLError ? source.nodes?.[0] : undefined;
  return node !== undefined && node.kind !== Kind.FIELD;
}
