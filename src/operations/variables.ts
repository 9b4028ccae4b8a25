import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  valueFromAST,
} from 'graphql';
import type { FieldError } from '../client/errors.js';
import { type AppError, badUserInput } from '../errors.js';
import { MAX_FIELD_ERRORS } from '../input/validation.js';
import { MAX_LIST } from './query-limits.js';

export type Variables = Readonly<Record<string, unknown>>;

/** What was found not to fit, and where the reader is just now. */
interface Reading {
  at: (string | number)[];
  misfits: FieldError[];
}

/** Gives a value as its type reads it; what does not fit is noted, and then the value is of no use. */
type Read = (value: unknown, reading: Reading) => unknown;

export function expectation(type: GraphQLInputType): string {
  const named = getNamedType(type);
  if (!isEnumType(named)) return `must be of type ${type}`;
  const names = named.getValues().map((value) => value.name);
  return `must be one of ${names.join(', ')}`;
}

/**
 * Reads the variables of one operation as graphql-js does, which writes the whole value into each of its messages: what
 * callers send are prompts, and 100 000 unknown fields took it 17 seconds. How each type is read is made out once.
 */
export class VariablesReader {
  private readonly readers = new Map<GraphQLInputType, Read>();
  private readonly variables: { name: string; read: Read; fallback: unknown; isRequired: boolean }[];

  constructor(schema: GraphQLSchema, { variableDefinitions = [] }: OperationDefinitionNode) {
    this.variables = variableDefinitions.flatMap(({ variable, type: node, defaultValue }) => {
      const type = typeFromAST(schema, node);
      if (!isInputType(type)) return [];
      const fallback = defaultValue && valueFromAST(defaultValue, type);
      const isRequired = isNonNullType(type) && fallback === undefined;
      return [{ name: variable.name.value, read: this.reader(type), fallback, isRequired }];
    });
  }

  /** The variables, or BAD_USER_INPUT that names those at fault and what was expected there. */
  read(sent: Variables): Variables | AppError {
    const reading: Reading = { at: [], misfits: [] };
    // A variable may have a name of the prototype.
    const coerced: Record<string, unknown> = Object.create(null);
    for (const { name, read, fallback, isRequired } of this.variables) {
      const value = Object.hasOwn(sent, name) ? sent[name] : undefined;
      if (value !== undefined || isRequired) coerced[name] = within(reading, name, read, value);
      else if (fallback !== undefined) coerced[name] = fallback;
    }
    const { misfits } = reading;
    if (misfits.length === 0) return coerced;
    return badUserInput(
      misfits.map(({ path, message }) => `${placeOf(path)} ${message}`).join('; '),
      misfits,
    );
  }

  private reader(type: GraphQLInputType): Read {
    const known = this.readers.get(type);
    if (known) return known;
    // A type may hold itself: it is known before what it holds is.
    let made: Read | undefined;
    const read: Read = (value, reading) => {
      made ??= this.make(type);
      return made(value, reading);
    };
    this.readers.set(type, read);
    return read;
  }

  private make(type: GraphQLInputType): Read {
    if (isNonNullType(type)) {
      const read = this.reader(type.ofType);
      return (value, reading) => (value == null ? note(reading, 'must be given') : read(value, reading));
    }
    const read = isListType(type)
      ? this.listReader(this.reader(type.ofType))
      : isLeafType(type)
        ? leafReader(type)
        : this.objectReader(type);
    return (value, reading) => (value == null ? null : read(value, reading));
  }

  private listReader(read: Read): Read {
    return (value, reading) => {
      const items = Array.isArray(value) ? value : [value];
      // The rules of the input classes take 30 µs for each message.
      if (items.length > MAX_LIST) return note(reading, `must have at most ${MAX_LIST} entries`);
      return items.map((item, index) => within(reading, index, read, item));
    };
  }

  private objectReader(type: GraphQLInputObjectType): Read {
    const known = type.getFields();
    const fields = Object.values(known).map(({ name, type: of, defaultValue: fallback }) => {
      return {
        name,
        read: this.reader(of),
        fallback,
        isRequired: isNonNullType(of) && fallback === undefined,
      };
    });
    return (value, reading) => {
      if (typeof value !== 'object') return note(reading, expectation(type));
      const given = value as Record<string, unknown>;
      const coerced: Record<string, unknown> = {};
      for (const { name, read, fallback, isRequired } of fields) {
        if (given[name] !== undefined || isRequired) coerced[name] = within(reading, name, read, given[name]);
        else if (fallback !== undefined) coerced[name] = fallback;
      }
      for (const name of Object.keys(given)) {
        // The name of an unknown field is the caller's own text, so it is not repeated.
        if (!Object.hasOwn(known, name)) return note(reading, `holds a field that ${type} does not have`);
      }
      return coerced;
    };
  }
}

/** Within a variable, whose name is the caller's own text. */
function placeOf([, ...within]: FieldError['path']): string {
  return within.length > 0 ? within.join('.') : 'A variable';
}

function leafReader(type: Extract<GraphQLInputType, { parseValue: unknown }>): Read {
  return (value, reading) => {
    try {
      const parsed = type.parseValue(value);
      if (parsed !== undefined) return parsed;
    } catch {
      // Its message quotes the value.
    }
    return note(reading, expectation(type));
  };
}

function within(reading: Reading, key: string | number, read: Read, value: unknown): unknown {
  if (reading.misfits.length === MAX_FIELD_ERRORS) return undefined;
  reading.at.push(key);
  const coerced = read(value, reading);
  reading.at.pop();
  return coerced;
}

function note({ at, misfits }: Reading, message: string): undefined {
  if (misfits.length < MAX_FIELD_ERRORS) misfits.push({ path: [...at], message });
}
