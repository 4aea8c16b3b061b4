import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import { isLast, languagesOf, withField, type Proposal } from './model'
import PaperText from './PaperText.vue'

const paper = (html: string): string =>
  mount(PaperText, { props: { html, label: 'x' } }).find('[data-testid=paper] > div').element.innerHTML

describe('a proposal on the page', () => {
  it('has the elements of the paper, headings as none of the page’s', () => {
    expect(paper('<article class="proposal"><h1>方案</h1><p>您<strong>好</strong><br>再见</p></article>')).toBe(
      '<p class="h1">方案</p><p>您<strong>好</strong><br>再见</p>',
    )
    expect(paper('<table><thead><tr><th class="right">价</th></tr></thead></table>')).toContain('<th class="right">价</th>')
    expect(paper('<ol start="3"><li>三</li></ol>')).toBe('<ol start="3"><li>三</li></ol>')
  })

  it('is another when its text is another', async () => {
    const shown = mount(PaperText, { props: { html: '<p>一<b>x</b></p><p>二</p><ul><li>三</li></ul>', label: 'x' } })
    await shown.setProps({ html: '<h1>四</h1>\n<p>五</p>' })
    expect(shown.find('[data-testid=paper] > div').element.innerHTML).toBe('<p class="h1">四</p>\n<p>五</p>')
  })

  it('has nothing else, whatever the server says', () => {
    for (const bad of [
      '<script>alert(1)</script>',
      '<img src=x onerror=alert(1)>',
      '<a href="javascript:alert(1)">x</a>',
      '<p onclick="alert(1)" style="position:fixed" class="el-overlay">x</p>',
      '<iframe srcdoc="x"></iframe>',
      '<svg onload=alert(1)><p>x</p></svg>',
      '<ol start="1 onload=x"></ol>',
    ]) {
      const shown = mount(PaperText, { props: { html: bad, label: 'x' } })
      const within = shown.find('[data-testid=paper] > div')
      expect(within.findAll('script, img, a, iframe, svg, [onclick], [style], .el-overlay'), bad).toHaveLength(0)
      for (const one of within.findAll('*')) expect(one.element.getAttributeNames(), bad).toEqual([])
    }
  })
})

describe('a template', () => {
  const words = { name_zh: '方案', name_en: 'Plan', text_zh: 'x', text_en: ' ', retired: false }

  it('is offered in the languages that it has a text in', () => {
    expect(languagesOf(words)).toEqual(['zh-CN'])
    expect(languagesOf({ ...words, text_en: 'y' })).toEqual(['zh-CN', 'en'])
  })

  it('gets a field where the cursor stands', () => {
    expect(withField('您好，！', 'customer.name', 3, 3)).toEqual({ text: '您好，{customer.name}！', at: 18 })
    expect(withField('abc', 'date', 1, 2)).toEqual({ text: 'a{date}c', at: 7 })
  })
})

it('the next version is of the last one only', () => {
  const one = (number: string, version: number): Proposal => ({ number, version }) as Proposal
  const all = [one('JY1', 2), one('JY2', 1), one('JY1', 1)]
  expect(all.map((each) => isLast(each, all))).toEqual([true, true, false])
})
