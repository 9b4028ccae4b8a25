import { getMetadataStorage } from './class-validator.js';

type Holds = (input: object) => boolean;

type Class = abstract new (...parts: never[]) => object;

const known = new Map<Class, Holds>();

/**
 * Whether an input keeps the rules on its class and those of the inputs in it. class-validator gathers a class's rules
 * anew each time that an instance is checked; here each class's are gathered once.
 */
export function keepsRules(input: object): boolean {
  const inputClass = input.constructor as unknown as Class;
  let holds = known.get(inputClass);
  if (!holds) {
    holds = compile(inputClass);
    known.set(inputClass, holds);
  }
  return holds(input);
}

/** In class-validator's order: what a property's conditions leave out is not looked at. */
function compile(inputClass: Class): Holds {
  const storage = getMetadataStorage();
  const rules = storage.getTargetValidationMetadatas(inputClass, '', false, false);
  const properties = Object.entries(storage.groupByPropertyName(rules)).map(([property, ofProperty]) => {
    const conditions = ofProperty.filter(({ type }) => type === 'conditionalValidation');
    const isNested = ofProperty.some(({ type }) => type === 'nestedValidation');
    const checks = ofProperty
      .filter(({ type }) => type === 'customValidation')
      .flatMap(({ constraintCls, constraints }) =>
        storage
          .getTargetValidatorConstraints(constraintCls)
          .map(({ instance }) => ({ instance, constraints })),
      );
    return { property, conditions, isNested, checks };
  });
  const targetName = inputClass.name;
  return (input) =>
    properties.every(({ property, conditions, isNested, checks }) => {
      const value: unknown = (input as Record<string, unknown>)[property];
      if (!conditions.every(({ constraints }) => constraints[0](input, value))) return true;
      const keepsOwn = checks.every(({ instance, constraints }) =>
        instance.validate(value, { value, object: input, property, constraints, targetName }),
      );
      return keepsOwn && (!isNested || isSoundWithin(value));
    });
}

function isSoundWithin(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  const inputs: unknown[] = Array.isArray(value) ? value : [value];
  return inputs.every((input) => typeof input === 'object' && input !== null && keepsRules(input));
}
