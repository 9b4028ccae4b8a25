import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  valueFromAST,
} from 'graphql';
import type { FieldError } from 'graphql-context-cache-client';
import { badUserInput } from '../errors.js';
import { MAX_FIELD_ERRORS } from '../input/validation.js';
import { MAX_LIST } from './query-limits.js';

export type Variables = Readonly<Record<string, unknown>>;

/** A variable, or a field of an input object. */
interface Slot {
  name: string;
  type: GraphQLInputType;
  defaultValue?: unknown;
}

export function expectation(type: GraphQLInputType): string {
  const named = getNamedType(type);
  if (!isEnumType(named)) return `must be of type ${type}`;
  const names = named.getValues().map((value) => value.name);
  return `must be one of ${names.join(', ')}`;
}

/**
 * Coerces the variables of one operation to their types. graphql-js does the same, but quotes refused values in its messages, and
 * these may be prompts; it bounds no list; and it takes twice as long.
 */
export class VariablesReader {
  private readonly variables: Slot[];

  constructor(schema: GraphQLSchema, { variableDefinitions = [] }: OperationDefinitionNode) {
    this.variables = variableDefinitions.flatMap(({ variable, type: node, defaultValue }) => {
      const type = typeFromAST(schema, node);
      if (!isInputType(type)) return [];
      return [
        { name: variable.name.value, type, defaultValue: defaultValue && valueFromAST(defaultValue, type) },
      ];
    });
  }

  /** Throws BAD_USER_INPUT that names the paths at fault and what was expected there. */
  read(sent: Variables): Variables {
    const coercion = new Coercion();
    // A variable may have the name `__proto__`.
    const coerced = coercion.slots(sent, this.variables, Object.create(null));
    const { misfits } = coercion;
    if (misfits.length === 0) return coerced;
    throw badUserInput(misfits.map(({ path, message }) => `${placeOf(path)} ${message}`).join('; '), misfits);
  }
}

/** Within a variable; its name is the caller's own text. */
function placeOf([, ...within]: FieldError['path']): string {
  return within.length > 0 ? within.join('.') : 'A variable';
}

class Coercion {
  readonly misfits: FieldError[] = [];
  private readonly path: (string | number)[] = [];

  slots(given: Variables, slots: readonly Slot[], coerced: Record<string, unknown> = {}): Variables {
    for (const { name, type, defaultValue } of slots) {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      if (value === undefined && defaultValue !== undefined) coerced[name] = defaultValue;
      else if (value !== undefined || isNonNullType(type)) coerced[name] = this.at(name, value, type);
    }
    return coerced;
  }

  private at(key: string | number, value: unknown, type: GraphQLInputType): unknown {
    if (this.misfits.length === MAX_FIELD_ERRORS) return undefined;
    this.path.push(key);
    const coerced = this.value(value, type);
    this.path.pop();
    return coerced;
  }

  private value(value: unknown, type: GraphQLInputType): unknown {
    if (isNonNullType(type)) {
      return value == null ? this.refuse('must be given') : this.value(value, type.ofType);
    }
    if (value == null) return null;
    if (isListType(type)) return this.list(Array.isArray(value) ? value : [value], type.ofType);
    return isInputObjectType(type) ? this.object(value, type) : this.leaf(value, type);
  }

  private list(items: readonly unknown[], type: GraphQLInputType): unknown {
    if (items.length > MAX_LIST) return this.refuse(`must have at most ${MAX_LIST} entries`);
    return items.map((item, index) => this.at(index, item, type));
  }

  private object(value: unknown, type: GraphQLInputObjectType): unknown {
    if (typeof value !== 'object' || Array.isArray(value)) return this.refuse(expectation(type));
    const fields = type.getFields();
    const coerced = this.slots(value as Variables, Object.values(fields));
    const hasUnknown = Object.keys(value as Variables).some((name) => !Object.hasOwn(fields, name));
    // The name of an unknown field is the caller's own text.
    return hasUnknown ? this.refuse(`holds a field that ${type} does not have`) : coerced;
  }

  private leaf(value: unknown, type: GraphQLLeafType): unknown {
    try {
      const parsed = type.parseValue(value);
      if (parsed !== undefined) return parsed;
    } catch {
      // Its message quotes the value.
    }
    return this.refuse(expectation(type));
  }

  private refuse(message: string): undefined {
    if (this.misfits.length < MAX_FIELD_ERRORS) this.misfits.push({ path: [...this.path], message });
  }
}
