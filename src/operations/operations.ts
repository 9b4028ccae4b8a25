import { setTimeout as pause } from 'node:timers/promises';
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type ValidationRule,
  validate,
} from 'graphql';
import type { Logger } from 'pino';
import {
  AppError,
  badUserInput,
  ErrorCode,
  MASKED,
  shuttingDown,
  toAppError,
  toGraphQLError,
} from '../errors.js';
import type { RequestContext } from '../request-context.js';
import type { Watch } from '../telemetry/work.js';
import { Driven, type Give } from '../util/pushed.js';
import type { CompiledOperation, Compiler } from './compiled.js';
import { type KnownDocument, KnownDocuments } from './document-cache.js';
import { parseDocument, syntaxMessage } from './parsing.js';
import { queryLimits } from './query-limits.js';
import { RunningRequests } from './running-requests.js';
import { SubscriptionRootRule } from './subscription-root-rule.js';
import type { Documents } from './trusted-documents.js';
import { validationRules } from './validation-rules.js';
import type { Variables } from './variables.js';

export interface OperationRequest {
  document: string;
  operationName?: string | null | undefined;
  variables?: Variables | null | undefined;
}

/** An operation that may run. */
export interface PreparedOperation {
  document: DocumentNode;
  operation: CompiledOperation;
  /** As their types read them. */
  variables: Variables;
}

export interface OperationsOptions {
  schema: GraphQLSchema;
  compiler: Compiler;
  introspection: boolean;
  documents: Documents;
  log: Logger;
  /** Told of each operation once it is over; must not throw. */
  watch?: Watch;
}

/** Errors that one refused document is told of: each keeps the document and weighs more than it. */
const MAX_ERRORS = 20;

/** Milliseconds that whoever is told of an end gets to hear of it. */
export const LAST_WORDS_MS = 1_000;

/** Validates and runs operations, the same for every transport: the errors are what a caller may see. */
export class Operations {
  private readonly limits: readonly ValidationRule[];
  private readonly rules: readonly ValidationRule[];
  private readonly running = new RunningRequests();
  private onIdle: (() => void) | undefined;
  private draining = false;
  private readonly known = new KnownDocuments((text) => {
    const document = parseDocument(text);
    const errors = this.validate(document);
    if (errors.length > 0) throw new InvalidDocument(errors);
    return { document, operations: new Map() };
  });

  constructor(private readonly options: OperationsOptions) {
    this.limits = [queryLimits(options.schema), SubscriptionRootRule];
    this.rules = validationRules(options.introspection);
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
    return this.running.count;
  }

  /** Takes no more work, waits for what runs, and ends what still runs after `graceMs` milliseconds. */
  async drain(graceMs: number): Promise<void> {
    this.draining = true;
    const idle = new Promise<void>((resolve) => {
      this.onIdle = resolve;
      if (this.running.count === 0) resolve();
    });
    const grace = new AbortController();
    await Promise.race([idle, pause(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
    for (const context of this.running) context.stop(shuttingDown());
    // What was told why it ends is written out before its connection goes.
    await Promise.race([idle, pause(LAST_WORDS_MS, undefined, { ref: false })]);
  }

  private check(request: OperationRequest, context: RequestContext): PreparedOperation | GraphQLError[] {
    try {
      this.options.documents.check(request.document);
      const known = this.known.get(request.document);
      const operation = this.operationOf(known, request.operationName ?? undefined);
      if (!operation) return [refusal('Name one operation of the document in `operationName`.', context)];
      const variables = operation.read(request.variables ?? {});
      if (variables instanceof AppError) return [toGraphQLError(variables, context.requestId)];
      return { document: known.document, operation, variables };
    } catch (error) {
      if (error instanceof InvalidDocument)
        return error.errors.map((one) => refusal(one.message, context, one));
      if (error instanceof GraphQLError) return [refusal(syntaxMessage(error), context, error)];
      if (error instanceof AppError) return [toGraphQLError(error, context.requestId)];
      throw error;
    }
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

  /** Runs a query or a mutation. A result without `data` means that it was refused and nothing ran. */
  async run(prepared: PreparedOperation, context: RequestContext): Promise<ExecutionResult> {
    if (prepared.operation.kind === 'subscription') {
      const message = 'Subscriptions need server-sent events (Accept: text/event-stream) or a WebSocket.';
      return { errors: this.refuse([refusal(message, context)], context) };
    }
    const { operation, variables } = prepared;
    const end = this.begin(prepared, context);
    try {
      return this.presentResult(await operation.run(undefined, context, variables), context);
    } finally {
      end();
    }
  }

  /** Runs any operation as an iterator that drives it, and gives its results on. Ending that ends the request's work at once. */
  series(
    prepared: PreparedOperation,
    context: RequestContext,
    give: Give<ExecutionResult>,
  ): Driven<ExecutionResult> {
    return new Driven(
      (take) => this.results(prepared, context, take),
      give,
      () => context.abandon(),
    );
  }

  private async results(
    prepared: PreparedOperation,
    context: RequestContext,
    give: Give<ExecutionResult>,
  ): Promise<void> {
    const { operation, variables } = prepared;
    const end = this.begin(prepared, context);
    const giveResultOf = (root: unknown) => {
      const result = operation.run(root, context, variables);
      if (!('then' in result)) return give(this.presentResult(result, context));
      return result.then((late) => give(this.presentResult(late, context)));
    };
    try {
      if (operation.kind !== 'subscription') return await giveResultOf(undefined);
      const source = await this.openSource(prepared, context);
      if (Symbol.asyncIterator in source) for await (const event of source) await giveResultOf(event);
      else await give(this.presentResult(source, context));
    } finally {
      end();
    }
  }

  /** The source of a subscription's events, or the result that says why there is none. */
  private async openSource({ document, operation, variables }: PreparedOperation, context: RequestContext) {
    const { schema } = this.options;
    const operationName = operation.name;
    try {
      return await createSourceEventStream({
        schema,
        document,
        operationName,
        contextValue: context,
        variableValues: variables,
      });
    } catch (error) {
      return { errors: [new GraphQLError(MASKED, { originalError: error as Error })] };
    }
  }

  /** Gives back what is to be called when it is over. */
  private begin({ operation }: PreparedOperation, context: RequestContext): () => void {
    const startedAt = Date.now();
    const began = performance.now();
    const running = this.running.enter(context);
    return () => {
      this.running.leave(running);
      if (this.running.count === 0) this.onIdle?.();
      const { kind, fields } = operation;
      const name = operation.name?.slice(0, 64);
      const { requestId, callerId, work } = context;
      const { gatewayCalls, tokens, codes } = work;
      const durationMs = performance.now() - began;
      this.options.watch?.({
        gatewayCalls,
        tokens,
        codes,
        requestId,
        callerId,
        kind,
        name,
        fields,
        startedAt,
        durationMs,
      });
    };
  }

  private validate(document: DocumentNode): readonly GraphQLError[] {
    const { schema, introspection } = this.options;
    const tooMuch = validate(schema, document, this.limits);
    // A suggestion names what introspection would: it is off with it.
    return tooMuch.length > 0
      ? tooMuch
      : validate(schema, document, this.rules, { hideSuggestions: !introspection, maxErrors: MAX_ERRORS });
  }

  private presentResult(result: ExecutionResult, context: RequestContext): ExecutionResult {
    if (!result.errors) return result;
    const isRefused = !('data' in result) && result.errors.every(({ path }) => path === undefined);
    if (isRefused) return { errors: [refusal('The arguments do not fit their types.', context)] };
    return { ...result, errors: result.errors.map((error) => this.present(error, context)) };
  }

  private present(error: GraphQLError, context: RequestContext): GraphQLError {
    const failure = isMisfitLiteral(error)
      ? badUserInput('An argument does not fit its type.')
      : toAppError(error.originalError ?? error);
    context.work.codes.push(failure.code);
    this.log(failure, context);
    return toGraphQLError(failure, context.requestId, error);
  }

  private log({ code, details }: AppError, { requestId }: RequestContext): void {
    if (code !== ErrorCode.INTERNAL_SERVER_ERROR) return;
    this.options.log.error({ requestId, err: details.cause }, 'a resolver failed');
  }
}

/** Why a document may not run. */
class InvalidDocument extends Error {
  constructor(readonly errors: readonly GraphQLError[]) {
    super('the document is not valid');
  }
}

function refusal(message: string, { requestId }: RequestContext, at?: GraphQLError): GraphQLError {
  return toGraphQLError(badUserInput(message), requestId, at);
}

/** A literal that proved unusable only with its variables' values, which the message quotes whole. */
function isMisfitLiteral({ originalError, message }: GraphQLError): boolean {
  const source = originalError instanceof GraphQLError ? originalError.message : message;
  return (originalError === undefined || originalError instanceof GraphQLError) && /^Argument "/.test(source);
}
