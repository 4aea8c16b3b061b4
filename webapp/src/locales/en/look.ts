/** Light, dark, or as the system says. */
export const look = { light: 'Light look', dark: 'Dark look', system: 'Look as the system', chosen: '(chosen)' }
