//! Sections of a Backstage configuration that Callboard does not read.

/// Sections of Backstage's own plugins, and of plugins many portals have, with what they belong to.
const KNOWN: &[(&str, &str)] = &[
    ("airbrake", "the Airbrake plugin"),
    ("announcements", "the announcements plugin"),
    ("argocd", "the Argo CD plugin"),
    ("azureDevOps", "the Azure DevOps plugin"),
    ("azurePipelines", "the Azure Pipelines plugin"),
    ("bazaar", "the Bazaar plugin"),
    ("bitrise", "the Bitrise plugin"),
    ("circleci", "the CircleCI plugin"),
    ("cloudbuild", "the Cloud Build plugin"),
    ("costInsights", "the Cost Insights plugin"),
    ("crossplane", "the Crossplane plugin"),
    ("customHomepage", "the home page"),
    ("devTools", "the DevTools plugin"),
    ("dynamicPlugins", "the loader of dynamic plugins"),
    ("enabled", "the switches of optional plugins"),
    ("events", "the events plugin"),
    ("explore", "the Explore plugin"),
    ("fossa", "the FOSSA plugin"),
    ("github", "the GitHub plugins"),
    ("githubActions", "the GitHub Actions plugin"),
    ("gitlab", "the GitLab plugin"),
    ("grafana", "the Grafana plugin"),
    ("home", "the home page"),
    ("homepage", "the home page"),
    ("i18n", "the translations of the user interface"),
    ("jenkins", "the Jenkins plugin"),
    ("jfrogArtifactory", "the Artifactory plugin"),
    ("jira", "the Jira plugin"),
    ("kafka", "the Kafka plugin"),
    ("keycloak", "the Keycloak plugin"),
    ("kiali", "the Kiali plugin"),
    ("kubernetes", "the Kubernetes plugin"),
    ("kubernetesIngestor", "the Kubernetes ingestor"),
    ("kyverno", "the Kyverno plugin"),
    ("lighthouse", "the Lighthouse plugin"),
    ("linguist", "the Linguist plugin"),
    ("mcpActions", "the MCP server"),
    ("newRelic", "the New Relic plugin"),
    ("newRelicDashboard", "the New Relic dashboard plugin"),
    ("nexusRepositoryManager", "the Nexus plugin"),
    ("nomad", "the Nomad plugin"),
    ("notifications", "the notifications plugin"),
    ("opsgenie", "the Opsgenie plugin"),
    ("pagerDuty", "the PagerDuty plugin"),
    ("playlist", "the Playlist plugin"),
    ("prometheus", "the Prometheus plugin"),
    ("puppetDb", "the PuppetDB plugin"),
    ("quay", "the Quay plugin"),
    ("rollbar", "the Rollbar plugin"),
    ("search", "the search plugin"),
    ("sentry", "the Sentry plugin"),
    ("servicenow", "the ServiceNow plugin"),
    ("signals", "the signals plugin"),
    ("sonarqube", "the SonarQube plugin"),
    ("soundcheck", "the Soundcheck plugin"),
    ("splunkOnCall", "the Splunk On-Call plugin"),
    ("stackstorm", "the StackStorm plugin"),
    ("techdocs", "TechDocs"),
    ("techInsights", "the Tech Insights plugin"),
    ("techRadar", "the Tech Radar plugin"),
    ("tekton", "the Tekton plugin"),
    ("topology", "the Topology plugin"),
    ("userSettings", "the user settings plugin"),
    ("vault", "the Vault plugin"),
    ("vcfAutomation", "the VCF Automation plugin"),
    ("vcfOperations", "the VCF Operations plugin"),
];

/// What a section belongs to.
pub(super) fn owner(section: &str) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|(name, _)| *name == section)
        .map(|(_, owner)| *owner)
}

/// The names of all sections that may be there without being read.
pub(super) fn names<'n>() -> impl Iterator<Item = &'n str> {
    KNOWN.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        let names: Vec<String> = names().map(str::to_lowercase).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }
}
