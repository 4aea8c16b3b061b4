/** The parts of the administration, in the order of their menu; each is the end of its address. */
export const ADMIN_PARTS = [
  'trunks',
  'numbers',
  'outbound',
  'limits',
  'users',
  'teams',
  'extensions',
  'queues',
  'mailboxes',
  'calendars',
  'phones',
  'devices',
  'bans',
  'flows',
  'prompts',
  'dictionaries',
  'fields',
  'workflows',
  'evidence',
  'site',
] as const
export type AdminPart = (typeof ADMIN_PARTS)[number]
