import { getMetadataStorage } from 'class-validator';

type IsValid = (input: object) => boolean;
type InputClass = abstract new (...parts: never[]) => object;

const known = new Map<InputClass, IsValid>();

/**
 * Whether class-validator finds no error in this input. class-validator collects the rules of a class for each instance, this
 * function once per class, which saves a tenth of a createContext. What the errors are, class-validator itself says.
 */
export function isValid(input: object): boolean {
  const inputClass = input.constructor as InputClass;
  const validate = known.get(inputClass) ?? compile(inputClass);
  known.set(inputClass, validate);
  return validate(input);
}

/** In class-validator's order: a property whose conditions (`IsOptional`) do not hold is skipped. */
function compile(inputClass: InputClass): IsValid {
  const storage = getMetadataStorage();
  const rules = storage.getTargetValidationMetadatas(inputClass, '', false, false);
  const properties = Object.entries(storage.groupByPropertyName(rules)).map(([property, ofProperty]) => ({
    property,
    conditions: ofProperty.filter(({ type }) => type === 'conditionalValidation'),
    isNested: ofProperty.some(({ type }) => type === 'nestedValidation'),
    checks: ofProperty
      .filter(({ type }) => type === 'customValidation')
      .flatMap(({ constraintCls, constraints }) =>
        storage
          .getTargetValidatorConstraints(constraintCls)
          .map(({ instance }) => ({ instance, constraints })),
      ),
  }));
  const targetName = inputClass.name;
  return (object) =>
    properties.every(({ property, conditions, isNested, checks }) => {
      const value = (object as Record<string, unknown>)[property];
      if (!conditions.every(({ constraints }) => constraints[0](object, value))) return true;
      return (
        checks.every(({ instance, constraints }) =>
          instance.validate(value, { value, object, property, constraints, targetName }),
        ) &&
        (!isNested || isNestedValid(value))
      );
    });
}

function isNestedValid(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  const inputs: unknown[] = Array.isArray(value) ? value : [value];
  return inputs.every((input) => typeof input === 'object' && input !== null && isValid(input));
}
