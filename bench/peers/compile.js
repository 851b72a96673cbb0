// Compiles the published sources with the compilers their authors used, and checks that the Uniswap
// bytecode equals the published one. Writes {contract: creation bytecode} to the file named.
// Usage: node compile.js OUT.json
'use strict';
const fs = require('fs');
const path = require('path');

const modules = path.join(__dirname, 'node_modules');

/// Files below `folder`, by their path from `root`, as their authors' compilers saw them.
function sources(root, folder, found = {}) {
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) sources(root, name, found);
    else if (name.endsWith('.sol')) found[name] = { content: fs.readFileSync(path.join(root, name), 'utf8') };
  }
  return found;
}

function compile(compiler, files, settings) {
  const solc = require(compiler);
  const input = {
    language: 'Solidity',
    sources: files,
    settings: { ...settings, outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
  };
  const imported = (name) => ({ contents: fs.readFileSync(path.join(modules, name), 'utf8') });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: imported }));
  const errors = (output.errors || []).filter((error) => error.severity === 'error');
  if (errors.length !== 0) throw new Error(errors.map((error) => error.formattedMessage).join('\n'));
  return (file, contract) => output.contracts[file][contract].evm.bytecode.object;
}

function published(project, contract, bytecode) {
  const { bytecode: known } = require(`${project}/build/${contract}.json`);
  if (known.replace(/^0x/, '') !== bytecode) throw new Error(`${contract}: not the published bytecode`);
  return bytecode;
}

/// One of Uniswap's projects, all contracts in one compilation: their metadata hashes depend on it.
function uniswap(project, compiler, names) {
  const root = path.join(modules, project);
  const settings = { evmVersion: 'istanbul', optimizer: { enabled: true, runs: 999999 } };
  const bytecode = compile(compiler, sources(root, 'contracts'), settings);
  const contracts = {};
  for (const [name, file] of Object.entries(names)) contracts[name] = published(project, name, bytecode(file, name));
  return contracts;
}

/// Bytecode as its authors published it. A library's place in it holds the library's name between
/// underscores.
function artifact(file, contract) {
  const { bytecode, linkReferences } = require(path.join(modules, file, `${contract}.json`));
  const links = linkReferences || bytecode.linkReferences || {};
  let text = (bytecode.object || bytecode).replace(/^0x/, '');
  for (const libraries of Object.values(links)) {
    for (const [library, places] of Object.entries(libraries)) {
      const name = `__${library.slice(0, 36)}`.padEnd(40, '_');
      for (const { start } of places) text = text.slice(0, 2 * start) + name + text.slice(2 * start + 40);
    }
  }
  return { [contract]: text };
}

function aave() {
  const folders = {
    'protocol/configuration': ['PoolAddressesProvider', 'ACLManager'],
    'protocol/pool': ['Pool', 'PoolConfigurator', 'DefaultReserveInterestRateStrategy'],
    'protocol/tokenization': ['AToken', 'StableDebtToken', 'VariableDebtToken'],
    'protocol/libraries/logic': ['BorrowLogic', 'BridgeLogic', 'ConfiguratorLogic', 'EModeLogic', 'FlashLoanLogic',
      'LiquidationLogic', 'PoolLogic', 'SupplyLogic'],
    misc: ['AaveOracle'],
    'mocks/oracle/CLAggregators': ['MockAggregator'],
  };
  const contracts = {};
  for (const [folder, names] of Object.entries(folders)) {
    for (const name of names) {
      Object.assign(contracts, artifact(`@aave/core-v3/artifacts/contracts/${folder}/${name}.sol`, name));
    }
  }
  return contracts;
}

/// With the settings of Compound's own repository.
function compound(names) {
  const root = path.join(modules, '@thenextblock/hardhat-compound/dist');
  const settings = { evmVersion: 'istanbul', optimizer: { enabled: true, runs: 200 } };
  const bytecode = compile('solc-0.5.16', sources(root, 'contracts'), settings);
  return Object.fromEntries(names.map((name) => [name, bytecode(`contracts/compound/${name}.sol`, name)]));
}

/// With the settings of Morpho's own repository.
function morpho(names) {
  const root = path.join(modules, '@morpho-org/morpho-blue');
  const settings = { evmVersion: 'paris', viaIR: true, optimizer: { enabled: true, runs: 999999 } };
  const bytecode = compile('solc-0.8.19', sources(root, 'src'), settings);
  return Object.fromEntries(Object.entries(names).map(([name, file]) => [name, bytecode(file, name)]));
}

function ours(names) {
  const settings = { optimizer: { enabled: true, runs: 999999 } };
  const bytecode = compile('solc', sources(__dirname, 'contracts'), settings);
  return Object.fromEntries(names.map((name) => [name, bytecode(`contracts/${name}.sol`, name)]));
}

const contracts = {
  ...uniswap('@uniswap/v2-core', 'solc-0.5.16', { UniswapV2Factory: 'contracts/UniswapV2Factory.sol' }),
  ...uniswap('@uniswap/v2-periphery', 'solc-0.6.6', {
    UniswapV2Router02: 'contracts/UniswapV2Router02.sol',
    WETH9: 'contracts/test/WETH9.sol',
  }),
  ...artifact('@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol', 'UniswapV3Factory'),
  ...artifact('@uniswap/v3-periphery/artifacts/contracts/SwapRouter.sol', 'SwapRouter'),
  ...artifact('@uniswap/v3-periphery/artifacts/contracts/NonfungiblePositionManager.sol', 'NonfungiblePositionManager'),
  ...artifact('@uniswap/v4-core/out/PoolManager.sol', 'PoolManager'),
  ...aave(),
  ...compound(['Unitroller', 'Comptroller', 'JumpRateModelV2', 'CErc20Delegate', 'CErc20Delegator', 'SimplePriceOracle']),
  ...morpho({ Morpho: 'src/Morpho.sol', IrmMock: 'src/mocks/IrmMock.sol', OracleMock: 'src/mocks/OracleMock.sol' }),
  ...ours(['Token', 'PairCaller', 'V3Caller', 'V4Caller', 'TickPrices', 'Vault']),
};
fs.writeFileSync(process.argv[2], JSON.stringify(contracts));
