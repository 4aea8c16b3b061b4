// Runs before anything is painted, so that a dark page never flashes white. The choice is a cookie, which the sign-in
// page reads too; without one the system's look holds. src/look/look.ts changes it while the page is open.
;(function () {
  // A television is dark, unless its address says otherwise: whose browser it is nobody has chosen anything for.
  var television = location.pathname === '/app/display' && ['', /[?&]look=light/.test(location.search) ? 'light' : 'dark']
  var kept = television || /(?:^|; )callcenterd_look=(light|dark)/.exec(document.cookie)
  var dark = kept ? kept[1] === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.classList.toggle('dark', dark)
  // The styles come a moment later: until then the browser's own ground has the right shade.
  document.documentElement.style.colorScheme = dark ? 'dark' : 'light'
})()
