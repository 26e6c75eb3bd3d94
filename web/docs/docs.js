// Starts Swagger UI at /docs with the document of the platform that serves it.

const dark = matchMedia("(prefers-color-scheme: dark)");
const followColorScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followColorScheme);
followColorScheme();

// Scripts can neither read nor set the session's cookie; the browser sends it by itself. A field for it would do nothing.
const withoutCookieField = {
  statePlugins: {
    auth: {
      wrapSelectors: {
        definitionsToAuthorize: (original) => (state, ...rest) =>
          original(state, ...rest)?.filter((definition) => definition.first().get("in") !== "cookie"),
      },
    },
  },
};

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  plugins: [withoutCookieField],
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // A token is forgotten with the page.
  persistAuthorization: false,
  // No badge of a foreign validator.
  validatorUrl: null,
});
