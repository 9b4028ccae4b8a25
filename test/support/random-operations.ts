import fc from 'fast-check';
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';

/** What a client sends. */
export interface SentOperation {
  query: string;
  variables: Record<string, unknown>;
  operationName?: string;
}

/** Values that make sense where they stand, by the name of the argument or field, or by name and type. */
export type Values = Readonly<Record<string, fc.Arbitrary<unknown>>>;

interface Variable {
  name: string;
  declaration: string;
  /** undefined: not sent. */
  value: unknown;
}

/** A part of a document with the variables that it uses. */
interface Part {
  text: string;
  variables: Variable[];
}

/** Any operation of a schema: aliases, directives, fragments, repeated fields, variables and literals of every kind. */
export function randomOperations(schema: GraphQLSchema, values: Values): fc.Arbitrary<SentOperation> {
  const kinds = ['query', 'mutation', 'subscription'] as const;
  return fc
    .tuple(fc.constantFrom(...kinds), fc.boolean(), fc.integer({ min: 0, max: 5 }))
    .chain(([kind, isPlain, shape]) =>
      new OperationWriter(schema, values, isPlain)
        .root(kind)
        .map(({ text, variables }) => toOperation(kind, text, variables, shape)),
    );
}

function toOperation(kind: string, body: string, parts: Variable[], shape: number): SentOperation {
  const named = new Map(parts.map((variable) => [variable.name, variable]));
  const declared = [...named.values()].map(({ declaration }) => declaration).join(', ');
  const [selection = '', ...fragments] = body.split(FRAGMENTS);
  const head = `${kind} A${declared && `(${declared})`} ${selection}`;
  // One operation beside another in a third of the documents.
  const query = [head, ...fragments, ...(shape < 2 ? ['query B { __typename }'] : [])].join('\n');
  const sent = [...named.values()].filter(({ value }) => value !== undefined);
  const variables = Object.fromEntries(sent.map(({ name, value }) => [name, value]));
  return { query, variables, ...(shape < 4 && { operationName: 'A' }) };
}

/** Separates the operation from its fragments while it is put together. */
const FRAGMENTS = '\u0000';

class OperationWriter {
  private fragments = 0;
  private variables = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly values: Values,
    /** One root field, and neither directives nor fragments but those that tell the types of a union apart. */
    private readonly isPlain: boolean,
  ) {}

  root(kind: 'query' | 'mutation' | 'subscription'): fc.Arbitrary<Part> {
    const type = this.schema.getRootType(kind as never);
    if (!type) throw new Error(`the schema has no ${kind}`);
    const count = this.isPlain || kind === 'subscription' ? 1 : 3;
    return fc
      .tuple(
        fc.array(this.oneField(type, kind !== 'subscription'), { minLength: 1, maxLength: count }),
        // The root of a subscription takes no @skip.
        fc.constantFrom('plain', 'plain', 'inline', 'spread', ...(kind === 'subscription' ? [] : ['twice'])),
      )
      .map(([fields, form]) => this.selection(type.name, fields, form));
  }

  /** `{ a b }`, or the same in an inline fragment, a named fragment, or one that is spread twice and skipped once. */
  private selection(type: string, fields: Part[], wantedForm: string): Part {
    const form = this.isPlain ? 'plain' : wantedForm;
    const variables = fields.flatMap((field) => field.variables);
    const pieces = fields.map(({ text }) => text.split(FRAGMENTS));
    const texts = pieces.map(([text]) => text).join(' ');
    const tail = pieces.flatMap(([, ...fragments]) => fragments);
    const withTail = (text: string, more: string[] = []) => [text, ...tail, ...more].join(FRAGMENTS);
    if (form === 'inline') return { text: withTail(`{ ... { ${texts} } }`), variables };
    if (form === 'plain') return { text: withTail(`{ ${texts} }`), variables };
    const name = `F${this.fragments++}`;
    const spread = form === 'twice' ? `...${name} @skip(if: true) ...${name}` : `...${name}`;
    return { text: withTail(`{ ${spread} }`, [`fragment ${name} on ${type} { ${texts} }`]), variables };
  }

  private oneField(type: GraphQLObjectType, mayBeSkipped: boolean): fc.Arbitrary<Part> {
    const fields = Object.values(type.getFields());
    return fc
      .constantFrom(...fields)
      .chain((field) =>
        fc.tuple(
          fc.constant(field),
          this.args(field),
          this.below(field.type),
          fc.constantFrom('', '', `a${fields.indexOf(field)}: `),
          mayBeSkipped && !this.isPlain ? this.directive() : fc.constant({ text: '', variables: [] }),
        ),
      )
      .map(([field, args, below, alias, directive]) => ({
        text: `${alias}${field.name}${args.text}${directive.text} ${below.text}`,
        variables: [...args.variables, ...directive.variables, ...below.variables],
      }));
  }

  private below(type: GraphQLOutputType): fc.Arbitrary<Part> {
    const named = getNamedType(type);
    const nothing = fc.constant<Part>({ text: '', variables: [] });
    if (isUnionType(named)) {
      return fc.tuple(...named.getTypes().map((one) => this.below(one))).map((parts) => {
        const typed = parts.map(({ text }, index) => {
          const [selection, ...rest] = text.split(FRAGMENTS);
          return [`... on ${named.getTypes()[index]?.name} ${selection}`, ...rest].join(FRAGMENTS);
        });
        const own = parts.map(({ variables }, index) => ({ text: typed[index] ?? '', variables }));
        return this.selection(named.name, [{ text: '__typename', variables: [] }, ...own], 'plain');
      });
    }
    if (!isObjectType(named)) return nothing;
    const depth = fc.array(fc.oneof(this.oneField(named, true), fc.constant(TYPENAME)), {
      minLength: 1,
      maxLength: 4,
    });
    return fc
      .tuple(depth, fc.constantFrom('plain', 'plain', 'plain', 'inline', 'spread', 'twice'))
      .map(([fields, form]) => this.selection(named.name, fields, form));
  }

  private directive(): fc.Arbitrary<Part> {
    const name = fc.constantFrom('skip', 'include');
    const literal = fc.tuple(name, fc.boolean()).map(([directive, value]) => ({
      text: ` @${directive}(if: ${value})`,
      variables: [],
    }));
    const variable = fc.tuple(name, fc.boolean()).map(([directive, value]) => {
      const variable = this.variable('Boolean!', value);
      return { text: ` @${directive}(if: $${variable.name})`, variables: [variable] };
    });
    const none = fc.constant<Part>({ text: '', variables: [] });
    return fc.oneof({ weight: 6, arbitrary: none }, literal, variable);
  }

  private args(field: GraphQLField<unknown, unknown>): fc.Arbitrary<Part> {
    return fc.tuple(...field.args.map((arg) => this.arg(arg))).map((parts) => {
      const given = parts.filter(({ text }) => text !== '');
      const text = given.length > 0 ? `(${given.map((part) => part.text).join(', ')})` : '';
      return { text, variables: given.flatMap(({ variables }) => variables) };
    });
  }

  private arg({ name, type, defaultValue }: GraphQLArgument): fc.Arbitrary<Part> {
    const isOptional = !isNonNullType(type) || defaultValue !== undefined;
    const value = this.valueOf(name, type);
    const literal = value.map((one) => ({ text: `${name}: ${this.literal(one, type)}`, variables: [] }));
    const whole = fc
      .tuple(value, fc.constantFrom('sent', 'sent', 'sent', 'default', 'null'))
      .map(([one, how]) => {
        const nullable = String(getNullableType(type));
        const mayBeNull = how === 'null' && isOptional;
        const declared = how === 'default' || mayBeNull ? nullable : String(type);
        const fallback = how === 'default' ? ` = ${this.literal(one, type)}` : '';
        const sent = how === 'default' ? undefined : mayBeNull ? null : one;
        const variable = this.variable(`${declared}${fallback}`, sent);
        return { text: `${name}: $${variable.name}`, variables: [variable] };
      });
    const within = value.map((one) => this.withVariablesWithin(name, one, type));
    const absent = fc.constant<Part>({ text: '', variables: [] });
    return fc.oneof(
      { weight: 4, arbitrary: whole },
      { weight: 2, arbitrary: literal },
      { weight: 1, arbitrary: within },
      ...(isOptional ? [{ weight: 2, arbitrary: absent }] : []),
    );
  }

  /** An object literal whose first text is a variable. */
  private withVariablesWithin(name: string, value: unknown, type: GraphQLInputType): Part {
    const named = getNamedType(type);
    const [first, ...rest] = Object.entries(isInputObjectType(named) ? Object(value) : {});
    const field = first && isInputObjectType(named) ? named.getFields()[first[0]] : undefined;
    if (!first || !field) return { text: `${name}: ${this.literal(value, type)}`, variables: [] };
    const variable = this.variable(String(field.type), first[1]);
    const others = rest.map(([key, one]) => {
      const of = isInputObjectType(named) ? named.getFields()[key]?.type : undefined;
      return `${key}: ${this.literal(one, of ?? type)}`;
    });
    const fields = [`${first[0]}: $${variable.name}`, ...others].join(', ');
    return { text: `${name}: { ${fields} }`, variables: [variable] };
  }

  private variable(declaration: string, value: unknown): Variable {
    const name = `v${this.variables++}`;
    return { name, declaration: `$${name}: ${declaration}`, value };
  }

  private valueOf(name: string, type: GraphQLInputType): fc.Arbitrary<unknown> {
    if (isNonNullType(type)) return this.valueOf(name, type.ofType);
    const known = this.values[`${name}: ${type}`] ?? this.values[name];
    if (known) return known;
    if (isListType(type)) return fc.array(this.valueOf('', type.ofType), { maxLength: 2 });
    if (isEnumType(type)) return fc.constantFrom(...type.getValues().map((value) => value.name));
    if (!isInputObjectType(type)) throw new Error(`no values are known for ${name}: ${type}`);
    const fields = Object.values(type.getFields());
    const required = fields.filter((field) => isNonNullType(field.type)).map((field) => field.name);
    return fc.record(
      Object.fromEntries(fields.map((field) => [field.name, this.valueOf(field.name, field.type)])),
      { requiredKeys: required },
    );
  }

  /** A value as it stands in a document. */
  private literal(value: unknown, type: GraphQLInputType): string {
    const of = getNullableType(type);
    if (value === null || value === undefined) return 'null';
    if (isListType(of)) {
      const items: unknown[] = Array.isArray(value) ? value : [value];
      return `[${items.map((item) => this.literal(item, of.ofType)).join(', ')}]`;
    }
    if (isEnumType(of)) return String(value);
    if (!isInputObjectType(of)) return JSON.stringify(value);
    const fields = Object.entries(Object(value)).map(([key, one]) => {
      const field = of.getFields()[key];
      return `${key}: ${field ? this.literal(one, field.type) : JSON.stringify(one)}`;
    });
    return `{ ${fields.join(', ')} }`;
  }
}

const TYPENAME: Part = { text: '__typename', variables: [] };
