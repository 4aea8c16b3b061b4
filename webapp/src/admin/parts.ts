/** The parts of the administration, in the order of their menu; each is the end of its address. */
export const ADMIN_PARTS = ['trunks', 'numbers', 'outbound', 'users', 'extensions', 'queues', 'phones', 'devices', 'flows', 'site'] as const
export type AdminPart = (typeof ADMIN_PARTS)[number]
