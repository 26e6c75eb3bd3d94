//! `chatlog serve`: any of the platform's roles in one process, the APIs from one origin with one document.

use api_kit::{ApiContext, ApiSettings, HttpSettings, documented, http};
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Json, Redirect, Response};
use axum::routing::get;
use clap::{Args, ValueEnum};
use platform::{Health, Lifecycle, Platform, PlatformSettings, internal};
use read_model::ReadModel;
use serde_json::json;
use tokio::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;

use crate::{docs_page, memory, openapi};

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog serve                                     everything, on http://127.0.0.1:8080
  chatlog serve --roles command-api,query-api --listen 0.0.0.0:8080
  chatlog serve --roles projector                   no HTTP but metrics and health
  chatlog serve --smtp-url smtp://mail.example.org  mails by a server; --mail-dir FOLDER: into files; neither: they wait

Stops on SIGTERM and Ctrl-C: takes nothing new, finishes what is in flight, within 10 s.";

/// A part of the platform.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceRole {
    /// Takes commands; accounts
    CommandApi,
    /// Folds the log into the read models
    Projector,
    /// Serves history
    QueryApi,
    /// Sends mails
    Mailer,
}

/// Settings of `serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// What to run here
    #[arg(
        long,
        env = "CHATLOG_ROLES",
        value_enum,
        value_delimiter = ',',
        default_values_t = [ServiceRole::CommandApi, ServiceRole::Projector, ServiceRole::QueryApi, ServiceRole::Mailer],
        value_name = "ROLE,…"
    )]
    pub roles: Vec<ServiceRole>,
    /// The servers, telemetry, the internal listener.
    #[command(flatten)]
    pub platform: PlatformSettings,
    /// What the APIs share.
    #[command(flatten)]
    pub api: ApiSettings,
    /// The listener of the APIs.
    #[command(flatten)]
    pub http: HttpSettings,
    /// Those of the command API.
    #[command(flatten)]
    pub command_api: command_api::Settings,
    /// Those of the projector.
    #[command(flatten)]
    pub projector: projector::Settings,
    /// Those of comparing tables and log.
    #[command(flatten)]
    pub replay: replay::Settings,
    /// Those of the query API.
    #[command(flatten)]
    pub query_api: query_api::Settings,
    /// Those of the mailer.
    #[command(flatten)]
    pub mailer: mailer::Settings,
}

/// Serves until the process is asked to end.
pub async fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::new();
    lifecycle.shutdown_on_signals()?;
    let health = Health::new();
    // Before anybody can ask: without it, a process that has not begun would be called ready.
    let serving = health.register("roles");
    serving.not_ready("starting");
    internal::start(&args.platform.internal, &health, &lifecycle).await?;
    let platform = Platform::connect_with(&args.platform, lifecycle.clone(), health).await?;
    lifecycle.spawn("memory", memory::give_back(lifecycle.soft()));
    let served = async {
        let read_model = ReadModel::connect(&platform).await?;
        let routes = start(&platform, &read_model, args).await?;
        let Some(routes) = routes else {
            serving.ready();
            lifecycle.soft().cancelled().await;
            return anyhow::Ok(read_model);
        };
        let listener = TcpListener::bind(args.http.listen).await;
        let listener = listener.map_err(|error| anyhow::anyhow!("cannot listen on {}: {error}", args.http.listen))?;
        serving.ready();
        http::serve(listener, routes, &args.http, &lifecycle).await?;
        Ok(read_model)
    };
    let served = served.await;
    platform.drain().await;
    served?.close().await;
    anyhow::ensure!(!lifecycle.failed(), "a task of the process failed; its log says which");
    Ok(())
}

/// Starts the roles; gives the routes of those that have some.
pub async fn start(platform: &Platform, read_model: &ReadModel, args: &ServeArgs) -> anyhow::Result<Option<Router>> {
    let has = |role| args.roles.contains(&role);
    if has(ServiceRole::Projector) {
        projector::start(platform, read_model.fold, &args.projector);
        replay::start(platform, read_model.fold, &args.replay);
    }
    if has(ServiceRole::Mailer) {
        mailer::start(platform, &args.mailer)?;
    }
    if !has(ServiceRole::CommandApi) && !has(ServiceRole::QueryApi) {
        return Ok(None);
    }
    let context = ApiContext::connect(platform, read_model, &args.api).await?;
    let mut apis = Vec::new();
    if has(ServiceRole::CommandApi) {
        apis.push(command_api::start(&context, &args.command_api).await?);
    }
    if has(ServiceRole::QueryApi) {
        apis.push(query_api::start(&context, &args.query_api));
        // Looking back needs the fold, which the query API does not know.
        apis.push(replay::routes::router(&context, &args.replay));
    }
    Ok(Some(origin(apis)))
}

/// Several APIs as one: their routes, one document, and pages to find one's way.
fn origin(apis: Vec<OpenApiRouter>) -> Router {
    let start = OpenApiRouter::with_openapi(openapi::empty());
    let (router, mut document) = apis.into_iter().fold(start, OpenApiRouter::merge).split_for_parts();
    documented::with_cookies(&mut document);
    // In the order of names, as `chatlog openapi` prints it.
    let document = serde_json::to_value(&document).and_then(|document| serde_json::to_vec(&document));
    let document = Bytes::from(document.unwrap_or_default());
    let found_by_people = Router::new()
        .route("/", get(root))
        .route("/openapi.json", get(async move || ([(CONTENT_TYPE, "application/json")], document)))
        .merge(docs_page::router());
    router.merge(found_by_people)
}

/// People go on to the page; programs are told where things are.
async fn root(headers: HeaderMap) -> Response {
    let accepts_html =
        headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|a| a.contains("text/html"));
    if accepts_html {
        return Redirect::to("/docs").into_response();
    }
    Json(json!({
        "name": "chatlog",
        "version": env!("CARGO_PKG_VERSION"),
        "api": "/v1",
        "documentation": "/docs",
        "openapi": "/openapi.json",
    }))
    .into_response()
}
