/** The parts of the administration, by what they are about, in the order of their menu; each is the end of its address. */
export const ADMIN_GROUPS = {
  lines: ['trunks', 'numbers', 'outbound', 'limits'],
  people: ['users', 'teams', 'roles', 'extensions', 'phones', 'devices'],
  answering: ['queues', 'breaks', 'dispositions', 'calendars', 'flows', 'prompts', 'mailboxes'],
  business: ['dictionaries', 'fields', 'workflows', 'services', 'followUpRules', 'templates', 'proposals', 'dutyKinds'],
  system: ['health', 'storage', 'log', 'modules', 'bans', 'audit', 'evidence', 'site', 'licences'],
} as const
export type AdminGroup = keyof typeof ADMIN_GROUPS
export type AdminPart = (typeof ADMIN_GROUPS)[AdminGroup][number]
export const ADMIN_PARTS: readonly AdminPart[] = Object.values(ADMIN_GROUPS).flat()

/** What a part is for; where that is switched off, the part is not there. */
export const MODULE_OF: Partial<Record<AdminPart, string>> = {
  mailboxes: 'voicemail',
  workflows: 'complaints',
  services: 'appointments',
  followUpRules: 'follow_ups',
  templates: 'customer_messages',
  proposals: 'proposals',
  evidence: 'evidence',
}
