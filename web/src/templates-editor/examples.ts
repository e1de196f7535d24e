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
