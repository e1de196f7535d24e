/** Texts to begin with. */

export const FORM = `- title: What is it?
  required: [name]
  properties:
    name:
      title: Name
      type: string
      pattern: '^[a-z][a-z0-9-]*$'
    owner:
      title: Owner
      type: string
      ui:field: OwnerPicker
- title: How?
  properties:
    size:
      title: Size
      type: string
      enum: [small, large]
      default: small
    isPublic:
      title: Everybody may see it
      type: boolean
`;

export const BEGIN = `apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: my-template
  title: My template
  description: What somebody gets who uses it.
spec:
  type: service
  owner: my-team
  parameters:
    - title: What is it?
      required: [name]
      properties:
        name:
          title: Name
          type: string
          pattern: '^[a-z][a-z0-9-]*$'
  steps:
    - id: say
      name: Say its name
      action: debug:log
      input:
        message: Hello \${{ parameters.name }}
`;

/** A form for each field that templates name, and for what forms do. */
export const EXAMPLES: Record<string, string> = {
  EntityPicker: one(`    title: System
    type: string
    ui:field: EntityPicker
    ui:options:
      catalogFilter: {kind: System}
      allowArbitraryValues: false`),
  OwnedEntityPicker: one(`    title: One of your components
    type: string
    ui:field: OwnedEntityPicker
    ui:options:
      catalogFilter: {kind: Component}`),
  OwnerPicker: one(`    title: Owner
    type: string
    ui:field: OwnerPicker
    ui:options:
      catalogFilter: {kind: Group}`),
  MultiEntityPicker: one(`    title: What it consumes
    type: array
    items: {type: string}
    ui:field: MultiEntityPicker
    ui:options:
      catalogFilter: {kind: API}`),
  MyGroupsPicker: one(`    title: One of your groups
    type: string
    ui:field: MyGroupsPicker`),
  EntityNamePicker: one(`    title: Name
    type: string
    ui:field: EntityNamePicker
    ui:options:
      freeFor: Component`),
  EntityTagsPicker: one(`    title: Tags
    type: array
    items: {type: string}
    ui:field: EntityTagsPicker
    ui:options:
      kinds: [Component]
      showCounts: true`),
  RepoUrlPicker: one(`    title: Repository
    type: string
    ui:field: RepoUrlPicker
    ui:options:
      allowedHosts: [github.com]
      requestUserCredentials:
        secretsKey: USER_OAUTH_TOKEN`),
  RepoBranchPicker: `required: [repoUrl]
properties:
  repoUrl:
    title: Repository
    type: string
    ui:field: RepoUrlPicker
  branch:
    title: Branch
    type: string
    ui:field: RepoBranchPicker
    ui:options:
      requestUserCredentials:
        secretsKey: USER_OAUTH_TOKEN
`,
  RepoOwnerPicker: one(`    title: Owner
    type: string
    ui:field: RepoOwnerPicker
    ui:options:
      host: github.com
      excludedOwners: [attic]`),
  Secret: one(`    title: Token
    type: string
    ui:field: Secret`),
  Conditions: `# Conditions: what is asked for depends on what was said.
properties:
  cloud:
    title: Cloud
    type: string
    enum: [aws, azure, none]
    default: none
allOf:
  - if: {properties: {cloud: {const: aws}}}
    then:
      properties:
        region: {title: Region, type: string, enum: [eu-north-1, eu-west-1]}
      required: [region]
`,
};

function one(property: string): string {
  return `properties:\n  value:\n${property}\n`;
}
