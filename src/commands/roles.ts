import { InvalidArgumentError } from 'commander';

export const ROLES = ['processor', 'relay', 'mailer', 'api', 'scheduler'] as const;
/** One of the loops that `serve` can run. */
export type Role = (typeof ROLES)[number];

/** Adds one `--role` to those before it, for commander; a name that is not a role is refused with the list. */
export function collectRole(name: string, before: readonly Role[] | undefined): readonly Role[] {
  const role = ROLES.find((known) => known === name);
  if (role === undefined) throw new InvalidArgumentError(`Roles are: ${ROLES.join(', ')}.`);
  return [...new Set([...(before ?? []), role])];
}

/** What the roles cannot do without; every role keeps its state in the database. */
export function needsOf(roles: readonly Role[]): ('kafka' | 'registry' | 'database' | 'smtp')[] {
  const stream = roles.some((role) => role === 'processor' || role === 'relay' || role === 'mailer');
  return [
    'database',
    ...(stream ? (['kafka', 'registry'] as const) : []),
    ...(roles.includes('mailer') ? (['smtp'] as const) : []),
  ];
}
