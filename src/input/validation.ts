import { IsOptional, ValidateBy, type ValidationError, validateSync } from 'class-validator';
import type { FieldError } from 'graphql-context-cache-client';
import { invalidFields } from '../errors.js';
import { isValid } from './compiled-rules.js';

/** An error names this many fields at most. */
export const MAX_FIELD_ERRORS = 20;

/** A property decorator; `message` completes "<path> ..." and never contains the value. */
export function rule<T extends object>(
  name: string,
  holds: (value: unknown, input: T) => boolean,
  message: string | ((input: T) => string),
): PropertyDecorator {
  return ValidateBy({
    name,
    validator: {
      validate: (value, args) => holds(value, args?.object as T),
      defaultMessage: (args) => (typeof message === 'string' ? message : message(args?.object as T)),
    },
  });
}

export function optional(...decorators: PropertyDecorator[]): PropertyDecorator {
  return all(IsOptional(), ...decorators);
}

export function all(...decorators: PropertyDecorator[]): PropertyDecorator {
  return (target, property) => {
    for (const decorate of decorators) decorate(target, property);
  };
}

/** A missing text passes; whether it is required is up to another rule. */
export const NotBlank = () =>
  rule('notBlank', (value) => typeof value !== 'string' || value.trim() !== '', 'must not be blank');

/** A missing text passes, too. */
export const CleanText = () =>
  rule('cleanText', (value) => typeof value !== 'string' || isClean(value), UNCLEAN);

export const UNCLEAN = 'must hold no NUL character and no lone surrogate';

export function isClean(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Validates the argument `input` by the decorators of its class; throws BAD_USER_INPUT that names the invalid fields. */
export function validateInput(input: unknown): void {
  if (typeof input !== 'object' || input === null || isValid(input)) return;
  const errors = validateSync(input, {
    forbidUnknownValues: false,
    validationError: { target: false, value: false },
  });
  if (errors.length === 0) return;
  throw invalidFields(toFieldErrors(errors, ['input']).slice(0, MAX_FIELD_ERRORS));
}

function toFieldErrors(errors: ValidationError[], parent: (string | number)[]): FieldError[] {
  return errors.flatMap(({ property, constraints, children }) => {
    const path = [...parent, /^\d+$/.test(property) ? Number(property) : property];
    const own = Object.values(constraints ?? {}).map((message) => ({ path, message }));
    return [...own, ...toFieldErrors(children ?? [], path)];
  });
}
