import type { Messages } from '../zh-CN'

export const alerts: Messages['alerts'] = {
  menu: 'Alerts',
  title: 'Alerts',
  what: 'When',
  ways: { desktop: 'Desktop', sound: 'Sound' },
  occasions: { call: 'A call rings', message: 'A message, notice or announcement', help: 'An agent calls for help', duty: 'A duty is due' },
  helpOf: '{who} calls for help',
  noNotifications: 'This browser shows no notifications here (https:// is needed).',
  denied: 'The browser forbids this site to notify: allow it in its settings.',
  here: 'For this browser. Several open pages tell once; a page in front shows nothing on the desktop.',
}
