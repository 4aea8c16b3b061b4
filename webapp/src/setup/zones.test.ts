import { describe, expect, it } from 'vitest'

import { zoneProposed, zonesWith } from './zones'

describe('the time zone of the office', () => {
  it('is that of the computer, until somebody has said', () => {
    expect(zoneProposed({ timezone_next: 'Asia/Shanghai', timezone_by: 'nobody' }, 'Asia/Tokyo')).toBe('Asia/Tokyo')
    expect(zoneProposed({ timezone_next: 'Asia/Shanghai', timezone_by: 'nobody' }, '')).toBe('Asia/Shanghai')
    expect(zoneProposed({ timezone_next: 'Asia/Urumqi', timezone_by: 'page' }, 'Asia/Tokyo')).toBe('Asia/Urumqi')
    expect(zoneProposed({ timezone_next: 'Asia/Urumqi', timezone_by: 'file' }, 'Asia/Tokyo')).toBe('Asia/Urumqi')
  })
  it('is chosen from all, each once, also one that the browser does not list', () => {
    const zones = zonesWith('UTC', 'Asia/Shanghai', '')
    expect(zones.filter((one) => one === 'Asia/Shanghai')).toHaveLength(1)
    expect(zones).toContain('UTC')
    expect(zones).toContain('Europe/Berlin')
    expect(zones).not.toContain('')
  })
})
