/** Desktop notifications and sounds. */
export const alerts = {
  menu: '提醒设置',
  title: '提醒设置',
  what: '什么时候',
  ways: { desktop: '桌面通知', sound: '声音' },
  occasions: { call: '来电振铃', message: '新消息、通知、公告', help: '座席求助', duty: '待办到期' },
  helpOf: '{who} 求助',
  noNotifications: '这个浏览器不能显示桌面通知（需要用 https:// 打开）。',
  denied: '浏览器已禁止本站的通知，请在浏览器的网站设置中允许。',
  here: '只对这个浏览器有效。同时打开几个页面也只提醒一次；页面在前面时不弹桌面通知。',
}
