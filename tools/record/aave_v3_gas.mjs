// Runs a recording of Aave v3.0.2 once more on the bytecode that npm's @aave/core-v3 ships, and adds
// `gasTx` to each operation: the gas of its transaction after refunds. Stops if an operation does not
// end as it was recorded.
//
//   npm install @aave/core-v3@1.19.3 @ethereumjs/vm@10.1.0 ethers@6
//   node aave_v3_gas.mjs IN.ndjson.gz OUT.ndjson.gz
import fs from 'fs'
import zlib from 'zlib'
import { createRequire } from 'module'
import { createBlock } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createLegacyTx } from '@ethereumjs/tx'
import { createAddressFromString, hexToBytes } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import { ethers } from 'ethers'

const root = createRequire(import.meta.url)
  .resolve('@aave/core-v3/package.json')
  .replace('package.json', 'artifacts/contracts/')
const artifact = (path, name = path.split('/').pop()) =>
  JSON.parse(fs.readFileSync(`${root}${path}.sol/${name}.json`))
const lines = zlib
  .gunzipSync(fs.readFileSync(process.argv[2]))
  .toString()
  .trim()
  .split('\n')
  .map((l) => JSON.parse(l))
const header = lines[0]
const setup = header.setup

const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun })
const vm = await createVM({ common })
let now = BigInt(setup.t0)
let height = 1n
const keys = {}
const key = (name) => (keys[name] ??= ethers.keccak256(ethers.toUtf8Bytes(name)))
const address = (name) => ethers.computeAddress(key(name))
const nonces = {}
async function transact(name, to, data) {
  nonces[name] ??= 0
  const block = createBlock(
    { header: { timestamp: now, number: height, gasLimit: 1n << 40n, baseFeePerGas: 7n } },
    { common, skipConsensusFormatValidation: true },
  )
  const tx = createLegacyTx(
    {
      nonce: nonces[name]++,
      gasPrice: 10n,
      gasLimit: 30_000_000n,
      to: to ? createAddressFromString(to) : undefined,
      data: hexToBytes(data),
    },
    { common },
  ).sign(hexToBytes(key(name)))
  height++
  const r = await runTx(vm, {
    tx,
    block,
    skipBalance: true,
    skipHardForkValidation: true,
    skipBlockGasLimitValidation: true,
  })
  return {
    gas: r.totalGasSpent,
    ok: !r.execResult.exceptionError,
    error: r.execResult.exceptionError,
    data: ethers.hexlify(r.execResult.returnValue),
    created: r.createdAddress?.toString(),
  }
}
const deployed = {}
async function deploy(art, args = [], libs = {}) {
  let code = art.bytecode.slice(2)
  for (const file of Object.values(art.linkReferences))
    for (const [name, places] of Object.entries(file))
      for (const p of places)
        code =
          code.slice(0, p.start * 2) +
          deployed[name].target.slice(2).toLowerCase() +
          code.slice((p.start + p.length) * 2)
  const iface = new ethers.Interface(art.abi)
  const r = await transact('admin', null, '0x' + code + iface.encodeDeploy(args).slice(2))
  if (!r.ok) throw new Error('deploy ' + art.contractName + ' ' + r.error)
  return { target: r.created, iface }
}
async function must(name, contract, method, ...args) {
  const r = await transact(name, contract.target, contract.iface.encodeFunctionData(method, args))
  if (!r.ok) throw new Error(`${method}: ${r.error?.error} ${reason(r.data).code}`)
  return {
    ...r,
    result: r.data === '0x' ? null : contract.iface.decodeFunctionResult(method, r.data),
  }
}
function reason(data) {
  if (data.startsWith('0x08c379a0'))
    return {
      kind: 'Error',
      code: ethers.AbiCoder.defaultAbiCoder().decode(['string'], '0x' + data.slice(10))[0],
    }
  if (data.startsWith('0x4e487b71'))
    return { kind: 'Panic', code: '0x' + BigInt('0x' + data.slice(10)).toString(16) }
  return data === '0x' ? { kind: 'empty', code: '' } : { kind: 'other', code: data }
}
const at = (path, target, name) => ({
  target,
  iface: new ethers.Interface(artifact(path, name).abi),
})

for (const n of [
  'PoolLogic',
  'SupplyLogic',
  'BorrowLogic',
  'EModeLogic',
  'BridgeLogic',
  'LiquidationLogic',
  'ConfiguratorLogic',
  'FlashLoanLogic',
])
  deployed[n] = await deploy(artifact('protocol/libraries/logic/' + n))
const admin = address('admin')
const provider = await deploy(artifact('protocol/configuration/PoolAddressesProvider'), [
  'Aave',
  admin,
])
await must('admin', provider, 'setACLAdmin', admin)
const acl = await deploy(artifact('protocol/configuration/ACLManager'), [provider.target])
await must('admin', provider, 'setACLManager', acl.target)
for (const role of ['addPoolAdmin', 'addAssetListingAdmin', 'addEmergencyAdmin', 'addRiskAdmin'])
  await must('admin', acl, role, admin)
const oracle = await deploy(artifact('mocks/oracle/PriceOracle'))
await must('admin', provider, 'setPriceOracle', oracle.target)
const poolImpl = await deploy(artifact('protocol/pool/Pool'), [provider.target])
await must('admin', provider, 'setPoolImpl', poolImpl.target)
const pool = at('protocol/pool/Pool', (await must('admin', provider, 'getPool')).result[0])
const confImpl = await deploy(artifact('protocol/pool/PoolConfigurator'))
await must('admin', provider, 'setPoolConfiguratorImpl', confImpl.target)
const conf = at(
  'protocol/pool/PoolConfigurator',
  (await must('admin', provider, 'getPoolConfigurator')).result[0],
)
const data = await deploy(artifact('misc/AaveProtocolDataProvider'), [provider.target])
await must('admin', provider, 'setPoolDataProvider', data.target)
const aToken = await deploy(artifact('protocol/tokenization/AToken'), [pool.target])
const vToken = await deploy(artifact('protocol/tokenization/VariableDebtToken'), [pool.target])
const sToken = await deploy(artifact('protocol/tokenization/StableDebtToken'), [pool.target])
const treasury = '0x7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e'
const tokens = {},
  aTokens = {}
const big = (v) => (v === undefined ? 0n : BigInt(v))
const users = Object.keys(setup.users)
for (const name of setup.reservesInIdOrder) {
  const r = setup.reserves[name],
    c = r.irs_ray
  const token = (tokens[name] = await deploy(artifact('mocks/tokens/MintableERC20'), [
    name,
    name,
    r.decimals,
  ]))
  const irs = await deploy(artifact('protocol/pool/DefaultReserveInterestRateStrategy'), [
    provider.target,
    c.optimalUsageRatio,
    c.baseVariableBorrowRate,
    c.variableRateSlope1,
    c.variableRateSlope2,
    c.stableRateSlope1,
    c.stableRateSlope2,
    c.baseStableRateOffset,
    c.stableRateExcessOffset,
    c.optimalStableToTotalDebtRatio,
  ])
  await must('admin', oracle, 'setAssetPrice', token.target, r.price)
  await must('admin', conf, 'initReserves', [
    [
      aToken.target,
      sToken.target,
      vToken.target,
      r.decimals,
      irs.target,
      token.target,
      treasury,
      ethers.ZeroAddress,
      'a' + name,
      'a' + name,
      'v' + name,
      'v' + name,
      's' + name,
      's' + name,
      '0x10',
    ],
  ])
  await must(
    'admin',
    conf,
    'configureReserveAsCollateral',
    token.target,
    r.ltv_bps,
    r.liquidationThreshold_bps,
    r.liquidationBonus_bps,
  )
  await must('admin', conf, 'setReserveBorrowing', token.target, r.borrowingEnabled)
  await must('admin', conf, 'setReserveFactor', token.target, r.reserveFactor_bps)
  await must('admin', conf, 'setReserveFlashLoaning', token.target, r.flashLoanEnabled)
  await must('admin', conf, 'setLiquidationProtocolFee', token.target, r.liquidationProtocolFee_bps)
  await must('admin', conf, 'setSupplyCap', token.target, big(r.supplyCap_wholeTokens))
  await must('admin', conf, 'setBorrowCap', token.target, big(r.borrowCap_wholeTokens))
  aTokens[name] = at(
    'protocol/tokenization/AToken',
    (await must('admin', pool, 'getReserveData', token.target)).result[0].aTokenAddress,
  )
  for (const u of users) {
    await must(u, token, 'mint(address,uint256)', address(u), r.initialWalletPerUser)
    await must(u, token, 'approve', pool.target, ethers.MaxUint256)
  }
}
await must('admin', conf, 'updateFlashloanPremiumTotal', setup.flashLoanPremiumTotal_bps)
await must('admin', conf, 'updateFlashloanPremiumToProtocol', setup.flashLoanPremiumToProtocol_bps)
const receiver = await deploy(
  artifact('mocks/flashloan/MockSimpleFlashLoanReceiver', 'MockFlashLoanSimpleReceiver'),
  [provider.target],
)

const T = (n) => tokens[n].target
const who = (n) => (n === 'treasury' ? treasury : n === 'zero' ? ethers.ZeroAddress : address(n))
const operations = {
  supply: (o) => [pool, 'supply', T(o.asset), o.amount, who(o.onBehalfOf), 0],
  withdraw: (o) => [pool, 'withdraw', T(o.asset), o.amount, who(o.to)],
  borrow: (o) => [pool, 'borrow', T(o.asset), o.amount, o.interestRateMode, 0, who(o.from)],
  repay: (o) => [pool, 'repay', T(o.asset), o.amount, o.interestRateMode, who(o.onBehalfOf)],
  repayWithATokens: (o) => [pool, 'repayWithATokens', T(o.asset), o.amount, o.interestRateMode],
  setUserUseReserveAsCollateral: (o) => [
    pool,
    'setUserUseReserveAsCollateral',
    T(o.asset),
    o.useAsCollateral,
  ],
  liquidationCall: (o) => [
    pool,
    'liquidationCall',
    T(o.collateralAsset),
    T(o.debtAsset),
    who(o.user),
    o.debtToCover,
    o.receiveAToken,
  ],
  flashLoanSimple: (o) => [pool, 'flashLoanSimple', receiver.target, T(o.asset), o.amount, '0x', 0],
  mintToTreasury: (o) => [pool, 'mintToTreasury', o.assets.map(T)],
  aTokenTransfer: (o) => [aTokens[o.asset], 'transfer', who(o.to), o.amount],
  setPrice: (o) => [oracle, 'setAssetPrice', T(o.asset), o.price],
  faucet: (o) => [tokens[o.asset], 'mint(address,uint256)', who(o.from), o.amount],
}
const first = (o, names) => o[names.find((n) => o[n] !== undefined)]
function call(o) {
  if (operations[o.op]) return operations[o.op](o)
  const skip = new Set([
    'i',
    't',
    'op',
    'from',
    'ok',
    'revert',
    'ret',
    'event',
    'reserves',
    'users',
    'asset',
  ])
  const args = Object.keys(o)
    .filter((k) => !skip.has(k))
    .map((k) => o[k])
  return [conf, o.op, ...(o.asset ? [T(o.asset)] : []), ...args]
}
const out = [JSON.stringify(header)]
let bad = 0
for (const o of lines.slice(1)) {
  now = BigInt(o.t)
  if (o.op === 'flashLoanSimple') {
    await must('admin', receiver, 'setFailExecutionTransfer', o.receiverMode !== 'ok')
    await must('admin', receiver, 'setSimulateEOA', o.receiverMode === 'returnFalse')
  }
  const [contract, method, ...args] = call(o)
  const r = await transact(o.from, contract.target, contract.iface.encodeFunctionData(method, args))
  const code = r.ok ? null : reason(r.data)
  if (r.ok !== o.ok || (code && (code.kind !== o.revert.kind || code.code !== o.revert.code))) {
    console.error(
      `operation ${o.i} ${o.op}: recorded ${o.ok} ${JSON.stringify(o.revert)}, now ${r.ok} ${JSON.stringify(code)}`,
    )
    if (++bad > 5) process.exit(1)
  }
  const { reserves, users: seen, ...rest } = o
  out.push(JSON.stringify({ ...rest, gasTx: r.gas.toString(), reserves, users: seen }))
}
fs.writeFileSync(process.argv[3], zlib.gzipSync(out.join('\n') + '\n', { level: 9 }))
console.log(`${out.length - 1} operations, ${bad} differ`)
