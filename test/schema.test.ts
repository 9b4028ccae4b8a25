import { readFileSync } from 'node:fs';
import {
  type GraphQLArgument,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
  printSchema,
  validateSchema,
} from 'graphql';
import { createSchema } from '../src/schema/build.js';

const schema = createSchema();

/** Every described thing of a type, as `Type.field(argument)`. */
function describedThings(type: GraphQLNamedType): [string, string | null | undefined][] {
  const own: [string, string | null | undefined] = [type.name, type.description];
  if (isEnumType(type)) {
    return [
      own,
      ...type.getValues().map((value): typeof own => [`${type.name}.${value.name}`, value.description]),
    ];
  }
  if (!isObjectType(type) && !isInputObjectType(type)) return [own];
  const fields = Object.values(type.getFields()).flatMap((field): (typeof own)[] => [
    [`${type.name}.${field.name}`, field.description],
    ...('args' in field ? field.args : []).map((arg: GraphQLArgument): typeof own => [
      `${type.name}.${field.name}(${arg.name})`,
      arg.description,
    ]),
  ]);
  return [own, ...fields];
}

describe('the schema', () => {
  it('is valid by the rules of graphql-js', () => {
    expect(validateSchema(schema)).toEqual([]);
  });

  it('is the one that is committed as schema/schema.graphql', () => {
    expect(`${printSchema(schema)}\n`).toBe(readFileSync('schema/schema.graphql', 'utf8'));
  });

  it('describes every type, field, argument, input field and enum value', () => {
    const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
    const silent = types.flatMap(describedThings).filter(([, description]) => !description?.trim());
    expect(silent).toEqual([]);
  });
});
