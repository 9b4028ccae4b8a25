import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  type ValidationRule,
  validate,
} from 'graphql';
import type { Logger } from 'pino';
import {
  AppError,
  badUserInput,
  ErrorCode,
  INTERNAL_ERROR_MESSAGE,
  shuttingDown,
  toAppError,
  toGraphQLError,
} from '../errors.js';
import type { RequestContext } from '../request-context.js';
import type { OnFinished } from '../telemetry/work.js';
import { waitUntil } from '../util/wait.js';
import type { CompiledOperation, Compiler } from './compiled.js';
import { type KnownDocument, knownDocuments } from './document-cache.js';
import { PARSE_OPTIONS, syntaxMessage } from './parsing.js';
import { queryLimits } from './query-limits.js';
import { SubscriptionRootRule } from './subscription-root-rule.js';
import type { Documents } from './trusted-documents.js';
import { validationRules } from './validation-rules.js';
import type { Variables } from './variables.js';

export interface OperationRequest {
  document: string;
  operationName?: string | null | undefined;
  variables?: Variables | null | undefined;
}

/** An operation that is valid and may run. */
export interface PreparedOperation {
  document: DocumentNode;
  operation: CompiledOperation;
  /** Coerced to their types. */
  variables: Variables;
}

type Results = AsyncGenerator<ExecutionResult, void, void>;

export interface OperationsOptions {
  schema: GraphQLSchema;
  compiler: Compiler;
  introspection: boolean;
  documents: Documents;
  log: Logger;
  /** Called after each operation; must not throw. */
  onFinished?: OnFinished;
}

/** Errors reported per document at most, because each retains the document. */
const MAX_ERRORS = 20;

/** Milliseconds for final results to reach their clients before connections are closed. */
export const FINAL_RESULTS_MS = 1_000;

/** Validates and runs operations, the same for every transport. Its errors are safe to show to the client. */
export class Operations {
  private readonly limits: readonly ValidationRule[];
  private readonly rules: readonly ValidationRule[];
  private readonly running = new Set<RequestContext>();
  private draining = false;
  private readonly known = knownDocuments((text) => {
    const document = parse(text, PARSE_OPTIONS);
    const errors = this.validate(document);
    if (errors.length > 0) throw new InvalidDocument(errors);
    return { document, operations: new Map() };
  });

  constructor(private readonly options: OperationsOptions) {
    this.limits = [queryLimits(options.schema), SubscriptionRootRule];
    this.rules = validationRules(options.introspection);
  }

  /** Whether the server is shutting down and accepts no new operations. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** Number of running operations, open streams included. */
  get inFlight(): number {
    return this.running.size;
  }

  /** Parses, validates and reads the variables; returns the errors of an operation that is refused. */
  prepare(request: OperationRequest, context: RequestContext): PreparedOperation | GraphQLError[] {
    try {
      return this.check(request);
    } catch (error) {
      return this.refuse(refusalsOf(error, context), context);
    }
  }

  /** Runs a query or a mutation. A result without `data` was refused before anything ran. */
  async run(prepared: PreparedOperation, context: RequestContext): Promise<ExecutionResult> {
    const { operation, variables } = prepared;
    if (operation.kind === 'subscription') {
      const message = 'Subscriptions need server-sent events (Accept: text/event-stream) or a WebSocket.';
      return { errors: this.refuse([refusal(message, context)], context) };
    }
    const end = this.begin(operation, context);
    try {
      return this.present(await operation.run(undefined, context, variables), context);
    } finally {
      end();
    }
  }

  /** Runs any operation as a stream of results. Returning early aborts the request's work immediately. */
  stream(prepared: PreparedOperation, context: RequestContext): Results {
    const results = this.results(prepared, context);
    const close = results.return.bind(results);
    // A generator handles return() only once what it awaits has settled: abort that first.
    results.return = (value) => {
      context.abandon();
      return close(value);
    };
    return results;
  }

  /** Accepts no new operations, waits for the running ones, and stops those that still run after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    this.draining = true;
    const isIdle = () => this.running.size === 0;
    await waitUntil(isIdle, graceMs);
    for (const context of this.running) context.stop(shuttingDown());
    await waitUntil(isIdle, FINAL_RESULTS_MS);
  }

  /** Operations that never ran are reported as well. */
  private refuse(errors: GraphQLError[], { requestId, callerId, work, startedAt }: RequestContext) {
    const codes = errors.slice(0, 1).map(({ extensions }) => extensions.code as ErrorCode);
    const nothing = { kind: 'refused', name: undefined, fields: ['refused'], durationMs: 0 };
    this.options.onFinished?.({ ...work, ...nothing, codes, requestId, callerId, startedAt });
    return errors;
  }

  private check({ document: text, operationName, variables }: OperationRequest): PreparedOperation {
    if (this.draining) throw shuttingDown();
    this.options.documents.check(text);
    const known = this.known.memo(text);
    const operation = this.operationOf(known, operationName ?? undefined);
    if (!operation) throw badUserInput('Name one operation of the document in `operationName`.');
    return { document: known.document, operation, variables: operation.variables.read(variables ?? {}) };
  }

  private operationOf({ document, operations }: KnownDocument, name: string | undefined) {
    const compiled = operations.get(name);
    if (compiled) return compiled;
    const definition = getOperationAST(document, name);
    if (!definition) return undefined;
    const operation = this.options.compiler.compile(document, definition);
    operations.set(name, operation);
    return operation;
  }

  private async *results(prepared: PreparedOperation, context: RequestContext): Results {
    const end = this.begin(prepared.operation, context);
    try {
      for await (const result of this.execute(prepared, context)) {
        const presented = this.present(result, context);
        // The client may already use the id of a cancelled operation for another one.
        if (context.isAbandoned) return;
        yield presented;
      }
    } catch (error) {
      const masked = new GraphQLError(INTERNAL_ERROR_MESSAGE, { originalError: error as Error });
      yield { errors: [this.presentError(masked, context)] };
    } finally {
      end();
    }
    // Any message that says it is complete would keep the client from resuming it.
    if (context.endsWithConnection) await context.untilLeft();
  }

  private async *execute(prepared: PreparedOperation, context: RequestContext): Results {
    const { operation, variables } = prepared;
    if (operation.kind !== 'subscription') return yield operation.run(undefined, context, variables);
    const events = await this.subscribe(prepared, context);
    if (!isAsyncIterable(events)) return yield events;
    for await (const event of events) yield operation.run(event, context, variables);
  }

  /** The subscription's source, or the errors of one that could not be opened. */
  private subscribe({ document, operation, variables }: PreparedOperation, contextValue: RequestContext) {
    const { schema } = this.options;
    const args = { schema, document, operationName: operation.name, contextValue };
    return createSourceEventStream({ ...args, variableValues: variables });
  }

  /** Returns a function to call once the operation is over. */
  private begin({ kind, name, fields }: CompiledOperation, context: RequestContext): () => void {
    const startedAt = Date.now();
    const began = performance.now();
    this.running.add(context);
    return () => {
      this.running.delete(context);
      const { requestId, callerId, work } = context;
      const durationMs = performance.now() - began;
      const finished = { kind, name: name?.slice(0, 64), fields, startedAt, durationMs };
      this.options.onFinished?.({ ...work, ...finished, requestId, callerId });
    };
  }

  private validate(document: DocumentNode): readonly GraphQLError[] {
    const { schema, introspection } = this.options;
    // Suggestions would reveal the schema that introspection hides. After so many errors graphql-js adds one that says so.
    const options = { hideSuggestions: !introspection, maxErrors: MAX_ERRORS - 1 };
    const exceeded = validate(schema, document, this.limits, options);
    return exceeded.length > 0 ? exceeded : validate(schema, document, this.rules, options);
  }

  /** The result as the client may see it. */
  private present(result: ExecutionResult, context: RequestContext): ExecutionResult {
    if (!result.errors) return result;
    const isRefused = !('data' in result) && result.errors.every(({ path }) => path === undefined);
    if (isRefused) return { errors: [refusal('The arguments do not fit their types.', context)] };
    return { ...result, errors: result.errors.map((error) => this.presentError(error, context)) };
  }

  private presentError(error: GraphQLError, context: RequestContext): GraphQLError {
    const failure = isMisfitLiteral(error)
      ? badUserInput('An argument does not fit its type.')
      : toAppError(error.originalError ?? error);
    const { requestId, work } = context;
    work.codes.push(failure.code);
    if (failure.code === ErrorCode.INTERNAL_SERVER_ERROR) {
      this.options.log.error({ requestId, err: failure.details.cause }, 'a resolver failed');
    }
    return toGraphQLError(failure, requestId, error);
  }
}

class InvalidDocument extends Error {
  constructor(readonly errors: readonly GraphQLError[]) {
    super('the document is not valid');
  }
}

/** The errors that the client sees. Throws what is a bug of ours. */
function refusalsOf(error: unknown, context: RequestContext): GraphQLError[] {
  if (error instanceof InvalidDocument) return error.errors.map((one) => refusal(one.message, context, one));
  if (error instanceof GraphQLError) return [refusal(syntaxMessage(error), context, error)];
  if (error instanceof AppError) return [toGraphQLError(error, context.requestId)];
  throw error;
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value;
}

function refusal(message: string, { requestId }: RequestContext, at?: GraphQLError): GraphQLError {
  return toGraphQLError(badUserInput(message), requestId, at);
}

/** An argument that proved invalid only with its variables' values, which graphql-js quotes in the message. */
function isMisfitLiteral({ originalError, message }: GraphQLError): boolean {
  const source = originalError instanceof GraphQLError ? originalError.message : message;
  return (originalError === undefined || originalError instanceof GraphQLError) && /^Argument "/.test(source);
}
