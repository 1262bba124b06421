/** What the page is made of. */
export interface PageParts {
  readonly scriptUri: string;
  readonly styleUri: string;
  /** Where scripts and styles may come from, as the webview names it. */
  readonly cspSource: string;
  readonly nonce: string;
  /** `en`, `de` … */
  readonly language: string;
  readonly title: string;
  readonly texts: Readonly<Record<string, string>>;
}

/** The page's document. It holds no content: the script builds it. */
export function pageHtml(parts: PageParts): string {
  const policy = `default-src 'none'; style-src ${parts.cspSource}; script-src 'nonce-${parts.nonce}'`;
  return `<!DOCTYPE html>
<html lang="${escapeAttribute(parts.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}">
<title>${escapeAttribute(parts.title)}</title>
<link rel="stylesheet" href="${escapeAttribute(parts.styleUri)}">
</head>
<body data-texts="${escapeAttribute(JSON.stringify(parts.texts))}">
<script nonce="${escapeAttribute(parts.nonce)}" src="${escapeAttribute(parts.scriptUri)}"></script>
</body>
</html>`;
}

function escapeAttribute(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
