// htmx under the strict policy of this site: what the server sends is taken as HTML by htmx alone, and no text is run as a program.

(() => {
  const policy = window.trustedTypes?.createPolicy("tomeishi", { createHTML: (words) => words });
  const refused = function () { throw new Error("no program comes from an attribute here"); };
  window.htmx.registerExtension("trust", {
    init: (api) => api.initSecurity(policy && { createHTML: policy.createHTML.bind(policy), createScript: refused }, refused, refused),
  });
})();
