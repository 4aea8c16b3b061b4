/** Light, dark, or as the system says. */
export const look = { light: '浅色外观', dark: '深色外观', system: '外观跟随系统', chosen: '（当前）' }
