/** The fields about repositories: their address, their owner, a branch of theirs. */

import { useId, useState } from 'react';
import { config } from '../../../app/boot';
import { signInLabel } from '../../../session/providers';
import { Button } from '../../../ui/Button';
import { Notice } from '../../../ui/Small';
import { FieldFrame } from '../FieldFrame';
import { type FieldPropsHere, isStill, optionsOf, set } from '../field';
import {
  ALLOWED,
  hostNamed,
  type PartName,
  partsFor,
  readRepoUrl,
  texts,
  writeRepoUrl,
} from '../repoUrl';
import { useFaults } from '../useFaults';
import { type Choice, useChoices, useRepoChoices } from './complete';
import { type Asked, askedBy, type Credentials, hostOfField, useCredentials } from './credentials';
import { branchFault, isNameFault, nameFaults, ownerFault } from './names';

const LABELS: Record<PartName, string> = {
  owner: 'Owner',
  organization: 'Organization',
  workspace: 'Workspace',
  project: 'Project',
  repo: 'Repository',
};

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

export function RepoUrlPicker(props: FieldPropsHere) {
  const options = optionsOf(props);
  const allowed = texts(options.allowedHosts);
  const parts = readRepoUrl(props.formData);
  const host = parts.host || allowed[0] || '';
  const asked = askedBy(options);
  const credentials = useCredentials(host, asked, props.registry.formContext.secrets);
  const choices = useRepoChoices(
    credentials.host,
    options.disableRepoAutocomplete === true ? undefined : credentials.token,
    parts,
  );
  const change = (part: object) => {
    const next = { ...parts, host, ...part };
    for (const name of partsFor(next.host)) {
      const only = texts(options[ALLOWED[name]]);
      if (!next[name] && only.length > 0) next[name] = only[0];
    }
    set(props, writeRepoUrl(next));
  };
  const labels: Record<string, unknown> = { owner: options.ownerLabel, repo: options.repoLabel };
  const helps: Record<string, unknown> = {
    owner: options.ownerDescription,
    repo: options.repoDescription,
  };
  const known = config.hosts.map(it => it.host);
  const faults = nameFaults(writeRepoUrl({ ...parts, host }));
  // Those stand at the part that they are about.
  const rawErrors = props.rawErrors?.filter(error => !isNameFault(error));
  const isChecked = props.rawErrors?.some(isNameFault) ?? false;
  return (
    <FieldFrame {...props} rawErrors={rawErrors} isGroup>
      <div className="repo-parts">
        <Part
          label="Host"
          value={host}
          allowed={allowed.length > 0 ? allowed : known}
          fault={faults.host}
          isChecked={isChecked}
          isDisabled={isStill(props)}
          onChange={it => change({ host: it })}
        />
        {partsFor(host).map(name => (
          <Part
            key={name}
            label={text(labels[name]) ?? LABELS[name]}
            help={text(helps[name])}
            value={parts[name] ?? ''}
            allowed={texts(options[ALLOWED[name]])}
            choices={choices[name]}
            fault={faults[name]}
            isChecked={isChecked}
            isTaken={name === 'repo' && choices.repo?.some(it => it.text === parts.repo)}
            isDisabled={isStill(props)}
            onChange={value => change({ [name]: value })}
          />
        ))}
      </div>
      {asked && <SignIn name={host} asked={asked} credentials={credentials} />}
    </FieldFrame>
  );
}

interface PartProps {
  label: string;
  help?: string;
  value: string;
  /** Nothing else may be chosen, if there are any. */
  allowed: string[];
  choices?: Choice[];
  /** Why no host takes it. */
  fault?: string;
  /** Whether the form was to go on with it. */
  isChecked: boolean;
  /** Whether the host has it already, which most templates do not want. */
  isTaken?: boolean;
  isDisabled?: boolean;
  onChange: (value: string) => void;
}

function Part(props: PartProps) {
  const { label, help, value, allowed, choices, isTaken, isDisabled, onChange } = props;
  const id = useId();
  // Nobody is told of a fault while they write the first letters.
  const [isLeft, setLeft] = useState(false);
  const leave = () => setLeft(true);
  const fault = isLeft || props.isChecked ? props.fault : undefined;
  const host = useFaults<HTMLDivElement>(fault !== undefined, `${id}-fault`);
  return (
    <div className="field" ref={host}>
      <label htmlFor={id}>{label}</label>
      {allowed.length > 0 ? (
        <select
          id={id}
          className="form-control"
          value={value}
          disabled={isDisabled}
          onChange={event => onChange(event.target.value)}
          onBlur={leave}
        >
          {!allowed.includes(value) && <option value={value}>{value || 'Choose'}</option>}
          {allowed.map(item => (
            <option key={item}>{item}</option>
          ))}
        </select>
      ) : (
        <Completed
          id={id}
          value={value}
          placeholder={label === 'Host' ? 'github.com' : undefined}
          choices={choices}
          isDisabled={isDisabled}
          onChange={onChange}
          onBlur={leave}
        />
      )}
      <div id={`${id}-fault`} className="field-faults">
        {fault && (
          <span className="field-error">
            {label} {fault}
          </span>
        )}
      </div>
      {help && <span className="field-help">{help}</span>}
      {isTaken && (
        <span className="field-help" role="status">
          There is one of this name already.
        </span>
      )}
    </div>
  );
}

interface CompletedProps {
  id: string;
  value: string;
  placeholder?: string;
  choices?: Choice[];
  isDisabled?: boolean;
  isInvalid?: boolean;
  onChange: (value: string) => void;
  onBlur?: () => void;
}

/** So many fit into a list that somebody reads. */
const MAX_CHOICES = 100;

/** A text that is completed and may be any other, too. */
function Completed({ id, choices = [], onChange, ...props }: CompletedProps) {
  const typed = props.value.toLowerCase();
  const fitting = choices.filter(choice => choice.text.toLowerCase().includes(typed));
  return (
    <>
      <input
        id={id}
        className="form-control"
        list={`${id}-choices`}
        autoComplete="off"
        value={props.value}
        placeholder={props.placeholder}
        disabled={props.isDisabled}
        aria-invalid={props.isInvalid}
        onChange={event => onChange(event.target.value)}
        onBlur={props.onBlur}
      />
      <datalist id={`${id}-choices`}>
        {fitting.slice(0, MAX_CHOICES).map(choice => (
          <option key={choice.id} value={choice.text} />
        ))}
      </datalist>
    </>
  );
}

interface SignInProps {
  /** The host, as it stands in the field. */
  name: string;
  asked: Asked;
  credentials: Credentials;
}

/** Lets a person give a template a token of their own. */
function SignIn({ name, credentials: { host, token, isAsking, error, ask } }: SignInProps) {
  if (!name) return null;
  if (!host?.provider) {
    return (
      <Notice tone="warn">
        This template works with your own account at {name}, but nobody has configured signing in
        there: <code>auth.providers</code> has no provider for this host.
      </Notice>
    );
  }
  if (token) {
    return (
      <p className="field-help" role="status">
        You are signed in at {name}: what this makes there is made in your name.
      </p>
    );
  }
  return (
    <>
      {error && <Notice tone="error">{error.message}</Notice>}
      <div className="repo-sign-in">
        <Button disabled={isAsking} onClick={ask}>
          {signInLabel(host.provider)}
        </Button>
        <span className="field-help">What this makes at {name} is made in your name.</span>
      </div>
    </>
  );
}

interface CompletedFieldProps {
  field: FieldPropsHere;
  placeholder?: string;
  name: string;
  credentials: Credentials;
  choices: Choice[];
  /** What is wrong with what stands in it. */
  fault: string | undefined;
}

function CompletedField(props: CompletedFieldProps) {
  const { field, placeholder, name, credentials, choices, fault } = props;
  const asked = askedBy(optionsOf(field));
  const [isLeft, setLeft] = useState(false);
  const told = field.rawErrors?.filter(error => !isNameFault(error)) ?? [];
  const isTold = fault !== undefined && (isLeft || field.rawErrors?.some(isNameFault));
  const faults = isTold ? [...told, fault] : told;
  return (
    <FieldFrame {...field} rawErrors={faults}>
      <Completed
        id={field.fieldPathId.$id}
        value={field.formData ?? ''}
        placeholder={field.uiSchema?.['ui:placeholder'] ?? placeholder}
        choices={choices}
        isDisabled={isStill(field)}
        isInvalid={faults.length > 0}
        onChange={value => set(field, value || undefined)}
        onBlur={() => setLeft(true)}
      />
      {asked && <SignIn name={name} asked={asked} credentials={credentials} />}
    </FieldFrame>
  );
}

/** A branch of the repository that another field of the form is about. */
export function RepoBranchPicker(props: FieldPropsHere) {
  const options = optionsOf(props);
  const { secrets, repoUrl } = props.registry.formContext;
  const { host, owner, workspace, repo } = readRepoUrl(repoUrl);
  const credentials = useCredentials(host, askedBy(options), secrets);
  const kind = hostNamed(host)?.kind;
  const isCloud = kind === 'bitbucketCloud';
  const of = isCloud ? workspace : owner;
  const context: Record<string, string> = { [isCloud ? 'workspace' : 'owner']: of ?? '' };
  const canAsk = of && repo && kind !== 'gitlab';
  const question = canAsk
    ? { resource: 'branches', context: { ...context, repository: repo } }
    : undefined;
  const choices = useChoices(credentials.host, credentials.token, question);
  return (
    <CompletedField
      field={props}
      placeholder="main"
      name={host}
      credentials={credentials}
      choices={choices}
      fault={props.formData ? branchFault(props.formData) : undefined}
    />
  );
}

/** Who owns repositories at a host. */
export function RepoOwnerPicker(props: FieldPropsHere) {
  const options = optionsOf(props);
  const context = props.registry.formContext;
  const host = hostOfField('RepoOwnerPicker', props.formData, options, context);
  const credentials = useCredentials(host, askedBy(options), context.secrets);
  const resources: Record<string, string> = {
    github: 'owners',
    gitea: 'owners',
    gitlab: 'groups',
    bitbucketCloud: 'workspaces',
  };
  const resource = resources[hostNamed(host)?.kind ?? ''];
  const question = resource ? { resource, context: {} } : undefined;
  const choices = useChoices(credentials.host, credentials.token, question);
  const excluded = texts(options.excludedOwners);
  return (
    <CompletedField
      field={props}
      name={host}
      credentials={credentials}
      choices={choices.filter(choice => !excluded.includes(choice.text))}
      fault={props.formData ? ownerFault(props.formData, host) : undefined}
    />
  );
}
