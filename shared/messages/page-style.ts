// What frames a page for a browser, and its style: light and dark, from 390 px to a wall.
import { SIGN_STYLE } from './render-grid.ts';

/** No script, and nothing from elsewhere. All that it is given is HTML. */
export function composePage(
  {
    title,
    meta = '',
    style = '',
  }: { readonly title: string; readonly meta?: string; readonly style?: string },
  body: string,
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${meta}<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${PAGE_STYLE}${SIGN_STYLE}${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

const PAGE_STYLE = [
  ':root{color-scheme:light dark;--bg:#fff;--bg2:#f6f8fa;--ink:#1f2328;--ink2:#57606a;--line:#d0d7de;--ok:#2c9a4b;--odd:#b26a00;--bad:#cf222e;--dim:#7d8590;--on:#fff;--badT:#b1121f;--oddT:#8a5200;--okT:#1a7f37;--loud:#7d0016}',
  '@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--bg2:#161b22;--ink:#e6edf3;--ink2:#9da7b3;--line:#30363d;--ok:#2ea043;--odd:#d29922;--bad:#f85149;--dim:#6e7681;--on:#0d1117;--badT:#ff8b84;--oddT:#e3b341;--okT:#56d364;--loud:#a40e26}}',
  '*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}',
  'header,main{max-width:1240px;margin:auto;padding:0 20px}header{padding-top:22px;padding-bottom:14px}h1{font-size:1.9em;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}header p{margin:0;color:var(--ink2)}header b{color:var(--ink);font-weight:600}',
  'header.bad h1{color:var(--badT)}header.odd h1{color:var(--oddT)}header.good h1{color:var(--okT)}header.tampered h1{background:var(--loud);color:#fff;padding:14px 18px;border-radius:8px;margin-bottom:12px}',
  'h2{font-size:1.05em;margin:28px 0 4px}h3{font-size:.85em;margin:0 0 4px;color:var(--ink2);font-weight:600}',
  '.tiles{list-style:none;display:flex;flex-wrap:wrap;gap:12px 36px;margin:6px 0 20px;padding:14px 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}.tiles b{display:block;font-size:1.75em;line-height:1.15;font-weight:650}.tiles span{color:var(--ink2);font-size:.9em}.tiles .bad b{color:var(--badT)}.tiles .odd b{color:var(--oddT)}.tiles .good b{color:var(--okT)}.tiles .zero b{color:var(--ink2);font-weight:400}',
  '.box{border-left:4px solid var(--odd);background:var(--bg2);border-radius:0 6px 6px 0;padding:8px 14px;margin:0 0 10px}.box.bad{border-color:var(--bad)}.box p{margin:2px 0}',
  '.key{display:flex;flex-wrap:wrap;gap:4px 8px;align-items:center;color:var(--ink2);font-size:.85em;margin:0 0 10px}.key span{display:flex;gap:6px;align-items:center;margin-right:10px;white-space:nowrap}.key svg{width:10px}',
  '.row{display:grid;grid-template-columns:minmax(190px,1.4fr) minmax(220px,360px) 84px 84px 90px minmax(92px,.8fr) minmax(84px,.7fr);gap:0 18px;align-items:center}.row i{font-style:normal;position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden;white-space:nowrap}',
  '.head{color:var(--ink2);font-size:.82em;padding:0 10px 6px 14px;border-bottom:1px solid var(--line)}',
  'details{border-bottom:1px solid var(--line);border-left:4px solid transparent;content-visibility:auto;contain-intrinsic-size:auto 38px}summary{list-style:none;cursor:pointer;padding:7px 10px;min-height:38px}summary::-webkit-details-marker{display:none}summary:hover,details[open]{background:var(--bg2)}summary:focus-visible{outline:2px solid var(--ink);outline-offset:-2px}',
  '.who b{font-weight:650}.who em{font-style:normal;color:var(--ink2);font-size:.92em;margin-left:2px}.bad .who b,.bad .who em,.tampered .who b{color:var(--badT)}.bad .who em,.odd .who em{font-weight:650}.odd .who em{color:var(--oddT)}.tampered .who em{background:var(--loud);color:#fff;font-weight:700;padding:1px 7px;border-radius:4px}details.bad{border-left-color:var(--bad)}details.tampered{border-left-color:var(--loud)}details.odd{border-left-color:var(--odd)}',
  '.row .done,.row .size,.row .until,.row .proven{white-space:nowrap;font-size:.94em}.row .until,.row .proven{color:var(--ink2)}.until b{font-weight:600}.bad .until b,.tampered .until b{color:var(--badT)}',
  '.more{padding:4px 14px 16px;display:grid;grid-template-columns:repeat(auto-fit,minmax(min(280px,100%),1fr));gap:12px 28px;font-size:.94em}.more>p{grid-column:1/-1;margin:4px 0}.more>div:first-of-type{grid-column:1/-1}.more ul{margin:0;padding-left:1.1em}.more li{margin:2px 0}',
  'code{font:.92em/1.5 ui-monospace,Consolas,monospace;background:var(--bg2);border:1px solid var(--line);border-radius:4px;padding:1px 5px;white-space:pre-wrap}a{color:inherit}small{color:var(--ink2);font-size:.92em}',
  '.chips{list-style:none;columns:150px auto;column-gap:18px;margin:0;padding:0;font-size:.88em}.chips li::before{content:"+";display:inline-block;width:1.2em;font-weight:700;color:var(--okT)}.chips .bad,.chips .tampered{color:var(--badT);font-weight:650}.chips .bad::before,.chips .tampered::before{content:"x";color:inherit}.chips .odd::before{content:"~";color:var(--oddT)}.chips .note::before{content:"-";color:var(--ink2)}',
  'main{padding-bottom:40px}',
  '@media(max-width:1000px){.row{grid-template-columns:1fr auto auto;gap:5px 14px}.head{display:none}.row .who{grid-column:1/-1}.row .sq{grid-column:1/-1}.row .sp{display:none}.row i{position:static;clip-path:none;width:auto;height:auto;color:var(--ink2);font-size:.86em}.row .proven,.row .until{white-space:normal}summary{padding:10px 8px}}',
  '@media(max-width:600px){header,main{padding-left:14px;padding-right:14px}h1{font-size:1.5em}.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:10px 8px}.tiles li:nth-child(n+5){grid-column:span 2}.tiles li:last-child{grid-column:span 4}.tiles b{font-size:1.35em}.tiles span{font-size:.8em;line-height:1.2;display:block}.row{grid-template-columns:5fr 4fr}.row .done,.row .size,.row .until,.row .proven{min-width:0}}',
  '@media(min-width:1600px){body{font-size:18px}header,main{max-width:1780px}.row{grid-template-columns:minmax(220px,1.2fr) 520px 110px 110px 120px minmax(120px,.8fr) minmax(110px,.7fr)}.sp{width:120px;height:26px}}',
].join('');
