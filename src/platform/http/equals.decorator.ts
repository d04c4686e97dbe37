import { registerDecorator, type ValidationArguments } from 'class-validator';

/** The field must be a text equal to another one of the same body. */
export function Equals(other: string): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'equals',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown, { object }: ValidationArguments) =>
          typeof value === 'string' && value === (object as Record<string, unknown>)[other],
        defaultMessage: () => `${String(property)} must be equal to ${other}`,
      },
    });
}
